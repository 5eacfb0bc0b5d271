-- Only what was sent changes.
UPDATE pdf_uploads
SET title = coalesce($2, title), tags = coalesce($3, tags), is_public = coalesce($4, is_public),
    updated_at = now()
WHERE id = $1
