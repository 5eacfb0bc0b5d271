-- To have another name is not to be used: the order of the list stays.
UPDATE conversations SET sealed_title = $3 WHERE id = $1 AND user_id = $2
