-- Moves the offset of one's own upload on, if it still is where the piece begins: of two at once,
-- one finds it moved.
WITH moved AS (
    UPDATE upload_sessions
    SET offset_bytes = offset_bytes + $4::bigint, piece_count = piece_count + 1,
        expires_at = least(now() + make_interval(secs => $5),
                           created_at + make_interval(secs => $6))
    WHERE id = $1 AND offset_bytes = $2 AND offset_bytes + $4 <= length_bytes AND NOT is_finished
      AND piece_count < $7 AND user_id = $8 AND expires_at > now()
    RETURNING id
)
INSERT INTO upload_pieces (upload_id, begin_bytes, storage_key)
SELECT id, $2::bigint, $3::uuid FROM moved
