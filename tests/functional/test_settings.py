# SPDX-License-Identifier: Apache-2.0
"""Settings as an operator gives them: file, environment, flags, secrets from files; what is wrong
is named before anything starts, and no secret is printed."""

import re
import subprocess
import tomllib

import pytest

from stack import BUILD, ROOT

ROWS = re.findall(
    r"^\| `(\w+)` \| `(\w+)` \| `(.*?)` \| (.*?) \| (.*?) \|$",
    (ROOT / "docs" / "configuration.md").read_text(),
    re.MULTILINE,
)
NAMES = [row[0] for row in ROWS]
SECRETS = [name for name, _, _, bounds, _ in ROWS if "secret" in bounds]
GOOD_SECRETS = {
    "database_url": "postgresql://stoa:canary@127.0.0.1/db",
    "redis_url": "redis://user:canary@127.0.0.1:6379/0",
    "master_key": "ca" * 32,
    "master_key_previous": "da" * 32,
    "llm_api_key": "canary",
    "llm_fallback_api_key": "another canary",
}


def check(*arguments, **env):
    return subprocess.run(
        [BUILD / "src" / "stoa", "check-config", *arguments],
        capture_output=True,
        text=True,
        env={name: str(value) for name, value in env.items()},
        timeout=20,
    )


def printed(*arguments, **env):
    done = check("--print-config", *arguments, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def values(*arguments, **env):
    return tomllib.loads(printed(*arguments, **env))


def test_each_setting_has_a_text_a_default_and_bounds():
    assert len(ROWS) > 20 and set(SECRETS) >= set(GOOD_SECRETS)
    for name, variable, default, bounds, meaning in ROWS:
        assert variable == "STOA_" + name.upper()
        assert default and bounds and len(meaning) > 8, name
    assert set(values()) | set(SECRETS) == set(NAMES)


def test_later_sources_win(tmp_path):
    file = tmp_path / "stoa.toml"
    file.write_text("http_port = 1001\njob_threads = 2\nlog_level = 'error'\n")
    told = values(
        "--config", file, "--log-level", "debug", STOA_HTTP_PORT=1002, STOA_LOG_LEVEL="info"
    )
    assert (told["job_threads"], told["http_port"], told["log_level"]) == (2, 1002, "debug")
    by_variable = values(STOA_CONFIG=file)
    assert (by_variable["http_port"], by_variable["log_level"]) == (1001, "error")


def test_what_is_printed_is_a_file_of_the_same_settings(tmp_path):
    file = tmp_path / "stoa.toml"
    given = {"STOA_" + name.upper(): value for name, value in GOOD_SECRETS.items()}
    file.write_text(printed(STOA_HTTP_PORT=1003, STOA_PUBLIC_URL='https://a"b.example', **given))
    told = values("--config", file)
    assert told.items() >= tomllib.loads(file.read_text()).items()
    assert (told["http_port"], told["public_url"]) == (1003, 'https://a"b.example')


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_read_from_a_file_and_never_printed(tmp_path, name):
    secret = GOOD_SECRETS[name]
    file = tmp_path / "secret"
    file.write_text(secret + "\n")
    config = tmp_path / "stoa.toml"
    config.write_text(f'{name}_file = "{file}"\n')
    flag = f"--{name.replace('_', '-')}"
    for arguments, env in (
        ([], {f"STOA_{name.upper()}": secret}),
        ([], {f"STOA_{name.upper()}_FILE": file}),
        ([flag, secret], {}),
        ([flag + "-file", file], {}),
        (["--config", config], {}),
    ):
        text = printed(*arguments, **env)
        assert re.search(rf"^# {name} = \(hidden\)$", text, re.MULTILINE), (arguments, env)
        assert secret not in text and "canary" not in text
    missing = check(**{f"STOA_{name.upper()}_FILE": tmp_path / "nothing"})
    assert missing.returncode == 2 and str(tmp_path / "nothing") in missing.stderr


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_and_its_file_are_given_in_different_sources_or_not_both(tmp_path, name):
    file, config = tmp_path / "secret", tmp_path / "stoa.toml"
    file.write_text(GOOD_SECRETS[name])
    variable, flag = f"STOA_{name.upper()}", f"--{name.replace('_', '-')}"
    here, there = {variable: GOOD_SECRETS[name]}, {variable + "_FILE": file}
    config.write_text(f'{name}_file = "{file}"\n')
    assert "(hidden)" in printed("--config", config, **here)
    assert "(hidden)" in printed(flag, GOOD_SECRETS[name], **there)
    config.write_text(f'{name}_file = "{file}"\n{name} = "{GOOD_SECRETS[name]}"\n')
    for arguments, env, said in (
        ([], here | there, (f"{variable}:", f"{variable}_FILE")),
        ([], there | here, (f"{variable}:", f"{variable}_FILE")),
        (["--config", config], {}, (f"{config}:1:", f"{config}:2:")),
        ([flag, GOOD_SECRETS[name], flag + "-file", file], {}, (f"{flag}:", f"{flag}-file")),
    ):
        done = check(*arguments, **env)
        assert done.returncode == 2, (arguments, env)
        assert all(part in done.stderr for part in (name, f"{name}_file", *said)), done.stderr
        assert "canary" not in done.stderr


def test_a_file_without_end_is_no_secret():
    done = check(STOA_LLM_API_KEY_FILE="/dev/zero")
    assert done.returncode == 2 and "/dev/zero" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_name_is_an_error_that_names_the_nearest(name):
    misspelt = name[:-2] + name[-1] + name[-2] if name[-1] != name[-2] else name + "x"
    done = check(**{"STOA_" + misspelt.upper(): "1"})
    assert done.returncode == 2
    assert f"environment STOA_{misspelt.upper()}: " in done.stderr
    assert f'did you mean "{name}"?' in done.stderr


@pytest.mark.parametrize(
    "name,bounds", [(name, bounds) for name, _, _, bounds, _ in ROWS if "secret" not in bounds]
)
def test_values_out_of_bounds_are_refused(name, bounds):
    low, high, kind = re.fullmatch(r"(?:(\d+)–(\d+)( bytes)?)?.*", bounds).groups()
    if low is None:
        wrong = [1, "", "of no kind"]
    elif kind:
        wrong = ["x" * (int(high) + 1)] + ([""] if low == "1" else [])
    else:
        wrong = [int(low) - 1, int(high) + 1, "x", "", "1.5", "9" * 30]
    for value in wrong:
        done = check(**{"STOA_" + name.upper(): value})
        assert done.returncode == 2, (value, done.stdout)
        assert f"environment STOA_{name.upper()}: {name} should be" in done.stderr, done.stderr


@pytest.mark.parametrize(
    "name,value,said",
    [
        ("database_url", "postgresql://stoa:canary@[::1/db", "connection URI"),
        ("database_url", "postgresql://stoa:half@canary@127.0.0.1/db", "%40"),
        ("redis_url", "redis:/canary", "redis://"),
        ("master_key", "canary", "64 hex"),
        ("master_key_previous", "canary", "64 hex"),
        ("http_trusted_proxies", "10.0.0.0/99", "10.0.0.0/99"),
        ("allowed_origins", "https://a.example, b.example", '"b.example"'),
        ("allowed_origins", "https://a.example/", "without a path"),
        ("allowed_origins", "https://user:canary@a.example", "without a path"),
        ("http_address", "localhost", "127.0.0.1"),
        ("tls_key_file", "/some/key.pem", "tls_certificate_file"),
        ("rate_limits", "uploads=10, upload=5", '"upload=5"'),
        ("rate_limits", "uploads=0", "1 to 1000000"),
        ("rate_limits", "uploads", "questions"),
        ("public_url", "localhost", "http"),
        ("llm_base_url", "ftp://x", "http"),
        ("llm_base_url", "https://user:canary@gateway.example/v1", "llm_api_key"),
        ("llm_base_url", "https://user:can/ary@gateway.example/v1", "llm_api_key"),
        ("llm_fallback_base_url", "http://canary@127.0.0.1:1", "llm_fallback_api_key"),
        ("public_url", "https://user:canary@stoa.example", "without user and password"),
    ],
)
def test_what_only_a_part_understands_is_checked_too(name, value, said):
    done = check(**{"STOA_" + name.upper(): value})
    assert done.returncode == 2
    assert said in done.stderr and "canary" not in done.stderr, done.stderr


def test_all_mistakes_are_named_at_once(tmp_path):
    file = tmp_path / "stoa.toml"
    file.write_text("http_prot = 1\njob_threads = 65\n")
    done = check("--config", file, STOA_LOG_LEVEL="loud")
    assert done.returncode == 2
    for part in (f"{file}:1:", "http_prot", f"{file}:2:", "job_threads", "STOA_LOG_LEVEL"):
        assert part in done.stderr, done.stderr


def test_a_mistake_in_the_file_is_told_by_line_and_column(tmp_path):
    file = tmp_path / "stoa.toml"
    file.write_text('http_port = 1001\n\nlog_level = "error\n')
    assert f"{file}:3:" in check("--config", file).stderr
    file.write_text("http_access_log = true\n[llm]\nmodel = 'x'\n")
    told = check("--config", file).stderr.splitlines()
    assert len(told) == 2, told
    assert f"{file}:1:" in told[0] and '"on" or "off"' in told[0]
    assert f"{file}:2:" in told[1] and "llm" in told[1] and "no table" in told[1]
    for none in (tmp_path / "nothing.toml", tmp_path):
        done = check("--config", none)
        assert done.returncode == 2 and str(none) in done.stderr


def test_a_flag_may_empty_what_others_set():
    told = values("--llm-base-url", "", STOA_LLM_BASE_URL="http://127.0.0.1:1/v1")
    assert told["llm_base_url"] == ""
    done = check("--http-prot", "1")
    assert done.returncode == 2 and 'did you mean "--http-port"?' in done.stderr
    done = check("--http-port", "70000")
    assert done.returncode == 2 and "flag --http-port: http_port should be" in done.stderr


@pytest.mark.parametrize(
    "text", ['llm_api_key = "canary', 'llm_api_key = ["canary"]', "llm_api_key = canary", "canary"]
)
def test_a_broken_file_is_named_without_what_it_holds(tmp_path, text):
    file = tmp_path / "stoa.toml"
    file.write_text(text + "\n")
    done = check("--config", file)
    assert done.returncode == 2
    assert str(file) in done.stderr and "canary" not in done.stderr, done.stderr
