-- Role changes wait for each other, so that two admins cannot demote each other at once.
SELECT id FROM users WHERE role = 'admin' ORDER BY id FOR UPDATE
