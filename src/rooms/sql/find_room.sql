-- A room that the asker may know of: any but a private one, or one they are in or made.
SELECT r.id, r.name, r.description, r.creator_id, r.room_type, r.access_token_mint,
       r.access_nft_collection, r.min_token_amount, r.max_participants,
       (SELECT count(*) FROM room_participants c WHERE c.room_id = r.id AND c.left_at IS NULL)
           AS participant_count,
       r.is_active, r.created_at, r.updated_at
FROM study_rooms r
WHERE r.id = $1 AND r.is_active
  AND (r.room_type <> 'private' OR r.creator_id = $2
       OR EXISTS (SELECT FROM room_participants p
                  WHERE p.room_id = r.id AND p.user_id = $2 AND p.left_at IS NULL))
