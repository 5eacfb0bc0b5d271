-- As the API shows it; who asks was checked before.
SELECT * FROM documents WHERE id = $1
