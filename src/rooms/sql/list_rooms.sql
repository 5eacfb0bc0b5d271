-- Newest first: ids are UUIDv7, so their order is that of their making (to the millisecond).
SELECT r.id, r.name, r.description, r.creator_id, r.room_type, r.access_token_mint,
       r.access_nft_collection, r.min_token_amount, r.max_participants,
       (SELECT count(*) FROM room_participants c WHERE c.room_id = r.id AND c.left_at IS NULL)
           AS participant_count,
       r.is_active, r.created_at, r.updated_at
FROM study_rooms r
LEFT JOIN room_participants p ON p.room_id = r.id AND p.user_id = $1 AND p.left_at IS NULL
WHERE r.is_active
  AND CASE WHEN $2 THEN p.user_id IS NOT NULL
           ELSE r.room_type <> 'private' OR p.user_id IS NOT NULL END
  AND ($3::text IS NULL OR r.room_type = $3)
  AND ($4::text IS NULL OR strpos(lower(r.name), lower($4)) > 0)
  AND ($5::uuid IS NULL OR r.id < $5)
ORDER BY r.id DESC
LIMIT $6
