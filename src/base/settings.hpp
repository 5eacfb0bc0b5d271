// SPDX-License-Identifier: Apache-2.0
// Every setting of Stoa in one typed place. `setting_table` gives each its text, bounds and
// secrecy; the TOML file, the environment (STOA_…), flags, `check-config`, `--print-config` and
// docs/configuration.md all follow from it. Read once at start; then immutable.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace stoa {

struct Settings {
    std::string database_url = "postgresql:///stoa";
    std::int64_t postgres_connections_max = 8;
    std::int64_t postgres_wait_max_ms = 5'000;
    std::int64_t postgres_statement_timeout_ms = 15'000;
    std::int64_t postgres_lock_timeout_ms = 5'000;
    std::int64_t postgres_idle_in_transaction_timeout_ms = 60'000;
    std::string redis_url = "redis://127.0.0.1:6379/0";
    std::string http_address = "127.0.0.1";
    std::int64_t http_port = 8080;
    std::int64_t http_threads = 1;
    std::int64_t http_connections_max = 10'000;
    std::int64_t http_connections_per_address_max = 1'000;
    std::string http_trusted_proxies;
    std::string http_access_log = "on";
    std::int64_t http_request_timeout_seconds = 3'600;
    std::int64_t http_drain_seconds = 2;
    std::string tls_certificate_file;
    std::string tls_key_file;
    std::string allowed_origins;
    std::string public_url = "http://localhost:8080";
    std::int64_t upload_bytes_max = 200LL * 1024 * 1024;
    std::int64_t documents_per_user_max = 10'000;
    std::int64_t document_bytes_per_user_max = 10LL * 1024 * 1024 * 1024;
    std::int64_t handler_threads = 0;
    std::string rate_limits;
    std::int64_t rate_limit_percent = 100;
    std::int64_t page_cache_bytes = 16LL * 1024 * 1024;
    std::int64_t job_threads = 0;
    std::int64_t work_http_port = 0;
    std::string data_dir = ".stoa";
    std::string model_dir = ".stoa/models/minilm";
    std::string extract_program = "stoa-extract";
    std::string ocr_languages = "eng";
    std::string master_key;
    std::string master_key_previous;
    std::int64_t access_token_seconds = 15 * 60;
    std::int64_t refresh_token_seconds = 30LL * 24 * 3600;
    std::string outbound_ca_file;
    std::string llm_protocol = "openai";
    std::string llm_base_url;
    std::string llm_api_key;
    std::string llm_model = "gpt-4o-mini";
    std::string llm_fallback_protocol = "openai";
    std::string llm_fallback_base_url;
    std::string llm_fallback_api_key;
    std::string llm_fallback_model = "gpt-4o-mini";
    std::string llm_offline_fallback = "on";
    std::int64_t llm_tokens_per_user_per_day = 500'000;
    std::int64_t llm_answer_tokens_max = 2'048;
    std::int64_t llm_prompt_tokens_max = 12'000;
    std::int64_t llm_stall_timeout_ms = 30'000;
    std::int64_t llm_total_timeout_ms = 120'000;
    std::int64_t llm_tries_max = 3;
    std::string log_level = "info";
    std::string log_format = "automatic";
};

struct Setting {
    using Member = std::variant<std::string Settings::*, std::int64_t Settings::*>;
    std::string_view name;  ///< the TOML key; STOA_NAME in the environment, --name as a flag
    Member member;
    std::string_view text;
    bool secret = false;   ///< also readable from the file named by `<name>_file`; never printed
    std::int64_t min = 0;  ///< of a number, or of a text's bytes
    std::int64_t max = 0;  ///< 0 of a text: `text_bytes_max`
    std::vector<std::string_view> choices{};
    bool is_url = false;  ///< http:// or https:// without credentials; empty where `min` is 0

    static constexpr std::int64_t text_bytes_max = 4096;
};

const std::vector<Setting>& setting_table();

/// Of all names the one that `name` is most likely meant to be.
std::string_view nearest_setting(std::string_view name);

/// One value given by someone; `source` says where, for the error's text.
struct GivenSetting {
    enum class Kind { file, environment, flag };

    std::string name;
    std::string value;
    std::string source;
    Kind kind = Kind::file;
};

/// The values of a TOML file's top level. `settings_invalid` if it cannot be read or parsed.
Result<std::vector<GivenSetting>> settings_from_file(const std::filesystem::path& file);
/// The values of STOA_… variables; STOA_CONFIG is not one of them.
std::vector<GivenSetting> settings_from_environment();
/// Defaults overlaid by `given`, later ones winning. `settings_invalid` lists every unknown name
/// (with the nearest known one), unreadable number, value out of bounds, and secret that one kind
/// of source gives both itself and by its file, each with its source.
Result<Settings> make_settings(const std::vector<GivenSetting>& given);

/// TOML that `settings_from_file` reads back; secrets that are set only as a comment.
std::string print_settings(const Settings& settings);
/// docs/configuration.md.
std::string settings_markdown();

}  // namespace stoa
