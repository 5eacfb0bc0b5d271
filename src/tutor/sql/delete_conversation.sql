-- Its messages go with it.
DELETE FROM conversations WHERE id = $1 AND user_id = $2
