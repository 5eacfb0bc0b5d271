-- Takes one grant back; the room or the person is given, the other is null.
DELETE FROM document_permissions
WHERE document_id = $1 AND room_id IS NOT DISTINCT FROM $2 AND user_id IS NOT DISTINCT FROM $3
