-- Does the audit log say already that this master key was replaced?
SELECT seq FROM audit_log WHERE action = 'master_key_rotated' AND subject = $1 LIMIT 1
