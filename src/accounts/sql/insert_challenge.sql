-- What is to be signed is kept word for word: every field is compared on the way back.
INSERT INTO siws_challenges (nonce, address, user_id, input, expires_at)
VALUES ($1, $2, $3, $4, $5)
