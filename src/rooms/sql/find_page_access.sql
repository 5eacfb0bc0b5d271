-- What access_room decides on, and two questions more in the same round trip: does the asker's session
-- live, and does a page kept since $4, of these people's rows and these documents, show what is there?
SELECT r.room_type, r.creator_id = $2 AS is_creator, p.role, coalesce(p.is_banned, false) AS is_banned,
       p.user_id IS NOT NULL AND p.left_at IS NULL AS is_present,
       u.role AS platform_role,
       coalesce(q.last_seq, 0) AS last_seq,
       coalesce(q.last_seq = $4
           AND cardinality($5::uuid[]) = (
               SELECT count(*) FROM unnest($5::uuid[], $6::text[]) AS shown (id, row_version)
               JOIN users a ON a.id = shown.id AND a.xmin::text = shown.row_version)
           AND cardinality($7::uuid[]) = (SELECT count(*) FROM pdf_uploads d WHERE d.id = ANY ($7)),
           false) AS is_unchanged
FROM sessions s
LEFT JOIN study_rooms r ON r.id = $1 AND r.is_active
LEFT JOIN room_sequences q ON q.room_id = r.id
LEFT JOIN room_participants p ON p.room_id = r.id AND p.user_id = s.user_id
LEFT JOIN users u ON u.id = s.user_id
WHERE s.id = $3 AND s.user_id = $2 AND s.revoked_at IS NULL AND s.expires_at > now()
