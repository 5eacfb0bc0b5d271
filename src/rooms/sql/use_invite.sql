-- Counts one use while the code is good; the same row twice at once waits, so uses_max is exact.
UPDATE invites SET uses = uses + 1
WHERE room_id = $1 AND code_sha256 = sha256(convert_to($2, 'UTF8'))
  AND uses < uses_max AND expires_at > now() AND revoked_at IS NULL
RETURNING id
