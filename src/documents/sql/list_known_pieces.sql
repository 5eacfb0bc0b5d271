-- Which of these files are pieces of uploads; all others are orphans.
SELECT storage_key FROM upload_pieces WHERE storage_key = ANY ($1::uuid[])
