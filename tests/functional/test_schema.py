# SPDX-License-Identifier: Apache-2.0
"""The schema: every statement of the modules is prepared against it, and migrating is safe to
repeat."""

import re

import psycopg
import pytest

from stack import ROOT

STATEMENTS = sorted((ROOT / "src").glob("*/sql/*.sql"))
REQUIRED = {
    "users": (
        "id email name username auth_provider wallet_address wallet_verified reputation_score "
        "total_xp level_id profile_nft_mint bio created_at updated_at last_seen_at"
    ),
    "study_rooms": (
        "id name description creator_id room_type access_token_mint access_nft_collection "
        "min_token_amount max_participants is_active room_nft_mint arweave_metadata_tx "
        "created_at updated_at"
    ),
    "room_participants": "id room_id user_id role joined_at last_active_at is_banned",
    "chat_messages": (
        "id room_id user_id message_type content reply_to_id document_id highlight_data "
        "nft_mint arweave_tx reactions is_pinned is_deleted created_at updated_at"
    ),
    "user_levels": "id level name min_xp max_xp badge_image_url perks",
    "achievements": (
        "id name description category xp_reward badge_image_url nft_collection requirements "
        "is_active created_at"
    ),
    "user_achievements": "id user_id achievement_id earned_at nft_mint transaction_signature",
    "nft_highlights": (
        "id user_id message_id document_id highlight_text context_before context_after "
        "page_number coordinates nft_mint arweave_metadata_tx ipfs_backup_hash "
        "mint_transaction_signature created_at"
    ),
    "pdf_uploads": "arweave_tx ipfs_hash is_public tags download_count file_size_bytes mime_type",
    "document_permissions": (
        "id document_id user_id room_id permission_type granted_by granted_at " "expires_at"
    ),
    "notification_tokens": "id user_id token platform is_active created_at updated_at",
    "notifications": "id user_id title body type data is_read sent_at created_at",
}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda p: f"{p.parent.parent.name}.{p.stem}")
def test_statement_is_prepared(stoa, statement):
    text = statement.read_text()
    assert text.startswith("--"), "the first line says why"
    with psycopg.connect(stoa.database_url) as connection:
        if re.search(
            r"^\s*COPY\b", text, re.M
        ):  # PREPARE takes no COPY: ask for its columns instead
            table, columns = re.search(r"COPY\s+(\w+)\s*\(([^)]*)\)", text).groups()
            connection.execute(f"SELECT {columns} FROM {table} LIMIT 0")
        elif re.search(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|VALUES)\b", text, re.M | re.I):
            connection.execute(f"PREPARE statement AS {text}")
        else:
            connection.execute(text)


def test_has_every_required_column(stoa):
    rows = stoa.sql(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public'"
    )
    found = {f"{table}.{column}" for table, column in rows}
    wanted = {
        f"{table}.{column}" for table, columns in REQUIRED.items() for column in columns.split()
    }
    assert wanted - found == set()


def test_times_have_a_zone(stoa):
    assert (
        stoa.sql(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' "
            "AND data_type = 'timestamp without time zone'"
        )
        == []
    )


def test_migrating_again_changes_nothing(stoa):
    before = stoa.sql("SELECT * FROM schema_migrations ORDER BY version")
    done = stoa.run("migrate")
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout
    assert stoa.sql("SELECT * FROM schema_migrations ORDER BY version") == before
    assert len(before) == len(list((ROOT / "migrations").glob("*.sql")))


def test_status_lists_every_migration(stoa):
    done = stoa.run("migrate", "status")
    assert done.returncode == 0, done.stderr
    names = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("applied")]
    assert names == [
        path.stem.split("_", 1)[1] for path in sorted((ROOT / "migrations").glob("*.sql"))
    ]


def test_refuses_a_newer_schema(stoa):
    stoa.sql(
        "INSERT INTO schema_migrations (version, name, sha256) "
        "VALUES (9999, 'future', repeat('0', 64))"
    )
    try:
        done = stoa.run("migrate")
        assert done.returncode == 1
        assert "9999" in done.stderr
    finally:
        stoa.sql("DELETE FROM schema_migrations WHERE version = 9999")
