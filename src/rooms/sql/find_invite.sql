-- Tells a code that was good once from one that never was.
SELECT id FROM invites WHERE room_id = $1 AND code_sha256 = sha256(convert_to($2, 'UTF8'))
