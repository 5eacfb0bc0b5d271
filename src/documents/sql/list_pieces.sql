-- In their order.
SELECT storage_key FROM upload_pieces WHERE upload_id = $1 ORDER BY begin_bytes
