-- The room, its owner as the first participant and its sequence appear together.
WITH room AS (
    INSERT INTO study_rooms (id, name, description, creator_id, room_type, access_token_mint,
                             access_nft_collection, min_token_amount, max_participants)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    RETURNING *
), owner AS (
    INSERT INTO room_participants (id, room_id, user_id, role) SELECT $10::uuid, id, $4, 'owner' FROM room
), sequence AS (
    INSERT INTO room_sequences (room_id) SELECT id FROM room
)
SELECT id, name, description, creator_id, room_type, access_token_mint, access_nft_collection,
       min_token_amount, max_participants, 1::bigint AS participant_count, is_active, created_at,
       updated_at
FROM room
