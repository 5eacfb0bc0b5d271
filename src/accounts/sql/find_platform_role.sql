-- Asked at each administrative act, so that a role that was taken away no longer helps.
SELECT role FROM users WHERE id = $1
