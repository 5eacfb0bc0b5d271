-- What was anchored in this version is written only while it is the one that can be read.
SELECT id FROM pdf_uploads WHERE id = $1 AND version = $2 AND status = 'ready' FOR SHARE
