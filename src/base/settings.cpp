// SPDX-License-Identifier: Apache-2.0
#include "base/settings.hpp"

#include "base/number.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <sstream>

#include <toml++/toml.h>

extern char** environ;

namespace stoa {
namespace {

std::string upper(std::string_view name) {
    std::string text = "STOA_";
    for (const char c : name) text.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
    return text;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t change = diagonal + (a[i] == b[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

Result<std::string> read_secret_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(Setting::text_bytes_max + 3, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.eof() || file.bad()) {
        return fail(ErrorKind::invalid, "settings_invalid",
                    "cannot be read from the file " + path + ", or that is too long");
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

/// "stoa.toml:3:7"; of a file that could not even be opened only its name.
std::string place_in(const std::filesystem::path& file, const toml::source_region& region) {
    if (region.begin.line == 0) return file.string();
    return file.string() + ':' + std::to_string(region.begin.line) + ':' +
           std::to_string(region.begin.column);
}

bool is_text(const Setting& setting) {
    return std::holds_alternative<std::string Settings::*>(setting.member);
}

bool is_url(std::string_view text) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (text.starts_with(scheme) && text.size() > scheme.size()) return true;
    }
    return false;
}

std::string joined(const std::vector<std::string_view>& choices) {
    std::string names;
    for (const auto choice : choices) names += (names.empty() ? "" : ", ") + std::string(choice);
    return names;
}

std::int64_t greatest(const Setting& setting) {
    return is_text(setting) && setting.max == 0 ? Setting::text_bytes_max : setting.max;
}

/// What is wrong with a text, or nothing; never the text, which may be secret.
std::string fault_of(const Setting& setting, const std::string& value) {
    const auto& choices = setting.choices;
    if (!choices.empty() && std::ranges::find(choices, value) == choices.end()) {
        return "should be one of " + joined(choices);
    }
    const auto bytes = static_cast<std::int64_t>(value.size());
    if (choices.empty() && (bytes < setting.min || bytes > greatest(setting))) {
        return "should be " + std::to_string(setting.min) + " to " +
               std::to_string(greatest(setting)) + " bytes long";
    }
    if (setting.is_url && !value.empty() && !is_url(value)) {
        return "should be a URL that begins with http:// or https://";
    }
    // Wherever it stands: a password may hold the / that would end the part with the host.
    if (setting.is_url && value.find('@') != std::string::npos) {
        std::string fault = "should be a URL without user and password; any other @ is written %40";
        constexpr std::string_view end = "base_url";
        if (setting.name.ends_with(end)) {
            const auto begin = setting.name.substr(0, setting.name.size() - end.size());
            fault += ", and a key goes into " + std::string(begin) + "api_key";
        }
        return fault;
    }
    return {};
}

/// Puts one text into its member; the mistake as a sentence otherwise.
std::string assign(Settings& settings, const Setting& setting, const std::string& value) {
    if (const auto* text = std::get_if<std::string Settings::*>(&setting.member)) {
        if (auto fault = fault_of(setting, value); !fault.empty()) return fault;
        settings.*(*text) = value;
        return {};
    }
    const auto number = parse_number<std::int64_t>(value);
    if (!number) return "should be a whole number, is \"" + value + "\"";
    if (*number < setting.min || *number > setting.max) {
        return "should be from " + std::to_string(setting.min) + " to " +
               std::to_string(setting.max) + ", is " + value;
    }
    settings.*std::get<std::int64_t Settings::*>(setting.member) = *number;
    return {};
}

constexpr std::string_view file_suffix = "_file";

/// What is wrong with one given value, or nothing.
std::string apply(Settings& settings, const GivenSetting& given) {
    const auto& table = setting_table();
    auto found = std::ranges::find(table, given.name, &Setting::name);
    if (found != table.end()) return assign(settings, *found, given.value);
    if (given.name.ends_with(file_suffix)) {
        const auto base = given.name.substr(0, given.name.size() - file_suffix.size());
        found = std::ranges::find(table, base, &Setting::name);
        if (found != table.end() && found->secret) {
            const auto text = read_secret_file(given.value);
            return text ? assign(settings, *found, *text) : text.error().message;
        }
    }
    return "is no setting; did you mean \"" + std::string(nearest_setting(given.name)) + "\"?";
}

/// Neither of a secret and the file that holds it is later than the other in one kind of source.
std::string doubled(const GivenSetting& value, const std::vector<GivenSetting>& given) {
    for (const auto& other : given) {
        if (other.kind == value.kind && other.name == value.name + std::string(file_suffix)) {
            return "is given twice, also as " + other.name + " (" + other.source +
                   "); give one of them";
        }
    }
    return {};
}

std::string value_text(const Settings& settings, const Setting& setting) {
    if (const auto* text = std::get_if<std::string Settings::*>(&setting.member)) {
        const std::string& value = settings.*(*text);
        if (setting.secret && !value.empty()) return "(hidden)";
        std::ostringstream out;
        out << toml::value<std::string>(value);
        return out.str();
    }
    return std::to_string(settings.*std::get<std::int64_t Settings::*>(setting.member));
}

std::vector<Setting> settings_of_postgres() {
    using S = Settings;
    return {
        {"database_url", &S::database_url,
         "PostgreSQL connection URI or key/value string; may name several servers", true},
        {"postgres_connections_max", &S::postgres_connections_max,
         "connections a process keeps at most", false, 1, 200},
        {"postgres_wait_max_ms", &S::postgres_wait_max_ms,
         "a request waits this long for a free connection", false, 1, 60'000},
        {"postgres_statement_timeout_ms", &S::postgres_statement_timeout_ms,
         "the server ends a statement then, unless its .sql file says otherwise", false, 100,
         600'000},
        {"postgres_lock_timeout_ms", &S::postgres_lock_timeout_ms,
         "a statement waits this long for a row that others hold; 0 is as long as it may run",
         false, 0, 600'000},
        {"postgres_idle_in_transaction_timeout_ms", &S::postgres_idle_in_transaction_timeout_ms,
         "the server undoes a transaction that pauses this long; 0 is never", false, 0, 600'000},
    };
}

/// Where the other parts are and how much they may take.
std::vector<Setting> settings_of_parts() {
    using S = Settings;
    return {
        {"redis_url", &S::redis_url,
         "redis://[user:password@]host:port/db, unix:///path or "
         "redis-cluster://[user:password@]host:port,host:port; rediss for redis with TLS",
         true},
        {"http_address", &S::http_address, "address to listen on", false, 1},
        {"http_port", &S::http_port, "port to listen on; 0 takes any free one", false, 0, 65535},
        {"http_threads", &S::http_threads, "threads of the asynchronous edge", false, 1, 64},
        {"http_connections_max", &S::http_connections_max, "connections served at once", false, 1,
         1'000'000},
        {"http_connections_per_address_max", &S::http_connections_per_address_max,
         "connections of one address (an IPv6 /64) at once; trusted proxies are not counted", false,
         1, 1'000'000},
        {"http_trusted_proxies", &S::http_trusted_proxies,
         "addresses and networks (10.0.0.0/8, fd00::/8) of proxies whose X-Forwarded-For is "
         "believed, comma-separated"},
        {"http_access_log",
         &S::http_access_log,
         "one log line for each answer",
         false,
         0,
         0,
         {"on", "off"}},
        {"http_request_timeout_seconds", &S::http_request_timeout_seconds,
         "how long a request may take to come, and its answer, unless it streams, to be taken",
         false, 10, 86'400},
        {"http_drain_seconds", &S::http_drain_seconds,
         "how long /readyz says 503 before a stopping node takes no more connections", false, 0, 8},
        {"tls_certificate_file", &S::tls_certificate_file,
         "PEM file of the certificate with its chain; with it HTTPS is served instead of HTTP"},
        {"tls_key_file", &S::tls_key_file, "PEM file of the certificate's private key"},
        {"allowed_origins", &S::allowed_origins,
         "other web origins that may call, comma-separated"},
        {"public_url",
         &S::public_url,
         "the URL under which people reach this; names the SIWS domain",
         false,
         1,
         0,
         {},
         true},
        {"upload_bytes_max", &S::upload_bytes_max, "largest upload in bytes", false, 1024,
         1024LL * 1024 * 1024},
        {"documents_per_user_max", &S::documents_per_user_max,
         "documents that a person may store; 0 is without limit", false, 0, 1'000'000'000},
        {"document_bytes_per_user_max", &S::document_bytes_per_user_max,
         "bytes of uploaded files that a person may store; 0 is without limit", false, 0,
         1LL << 50},
        {"handler_threads", &S::handler_threads, "threads that run requests; 0 is twice the cores",
         false, 0, 256},
        {"rate_limits", &S::rate_limits,
         "requests a minute, by the names of operations.md, where they are not the defaults: "
         "uploads=10, questions=5"},
        {"rate_limit_percent", &S::rate_limit_percent,
         "what the rate limits of operations.md allow, in percent; 0 is without limits", false, 0,
         1'000'000},
        {"page_cache_bytes", &S::page_cache_bytes,
         "memory for pages of messages that were read lately; 0 keeps none", false, 0,
         4LL * 1024 * 1024 * 1024},
        {"job_threads", &S::job_threads,
         "jobs a worker runs at once; 0 is one for each core, at most 8", false, 0, 64},
        {"work_http_port", &S::work_http_port,
         "port of `stoa work` for /healthz, /readyz and /metrics; 0 is none", false, 0, 65535},
    };
}

/// The language model.
std::vector<Setting> settings_of_answers() {
    using S = Settings;
    return {
        {"llm_protocol",
         &S::llm_protocol,
         "what llm_base_url speaks: OpenAI's chat completions or Anthropic's messages",
         false,
         0,
         0,
         {"openai", "anthropic"}},
        {"llm_base_url",
         &S::llm_base_url,
         "base URL of a language model, such as https://api.openai.com/v1, "
         "https://api.anthropic.com or any that speaks as one of them; empty answers offline by "
         "quoting the documents",
         false,
         0,
         0,
         {},
         true},
        {"llm_api_key", &S::llm_api_key, "key for llm_base_url", true},
        {"llm_model", &S::llm_model, "model asked for at llm_base_url"},
        {"llm_fallback_protocol",
         &S::llm_fallback_protocol,
         "what llm_fallback_base_url speaks",
         false,
         0,
         0,
         {"openai", "anthropic"}},
        {"llm_fallback_base_url",
         &S::llm_fallback_base_url,
         "base URL of the language model asked when the first one fails; empty is none",
         false,
         0,
         0,
         {},
         true},
        {"llm_fallback_api_key", &S::llm_fallback_api_key, "key for llm_fallback_base_url", true},
        {"llm_fallback_model", &S::llm_fallback_model, "model asked for at llm_fallback_base_url"},
        {"llm_offline_fallback",
         &S::llm_offline_fallback,
         "whether the documents are quoted offline when no language model answers; off is 503",
         false,
         0,
         0,
         {"on", "off"}},
        {"llm_tokens_per_user_per_day", &S::llm_tokens_per_user_per_day,
         "tokens of language models that a person may use in a day (UTC); 0 is without limit",
         false, 0, 1'000'000'000},
        {"llm_answer_tokens_max", &S::llm_answer_tokens_max,
         "longest answer in tokens; sent to Anthropic and to OpenAI itself", false, 64, 65'536},
        {"llm_prompt_tokens_max", &S::llm_prompt_tokens_max,
         "the most that a language model is sent for an answer, estimated in tokens of three "
         "bytes; "
         "a third of it for what was said before, older turns summarised",
         false, 2'000, 1'000'000},
        {"llm_stall_timeout_ms", &S::llm_stall_timeout_ms,
         "a language model is given up after this long without a byte", false, 100, 600'000},
        {"llm_total_timeout_ms", &S::llm_total_timeout_ms,
         "the longest that a model may take for an answer, tries and their pauses too", false, 100,
         600'000},
        {"llm_tries_max", &S::llm_tries_max,
         "how often a model is asked for one answer while none of it has come", false, 1, 10},
    };
}

/// Files, keys, lifetimes, logs.
std::vector<Setting> settings_of_use() {
    using S = Settings;
    return {
        {"data_dir", &S::data_dir, "where uploads and keys lie", false, 1},
        {"model_dir", &S::model_dir, "folder of model.safetensors and its tokenizer", false, 1},
        {"extract_program", &S::extract_program, "path of stoa-extract", false, 1},
        {"ocr_languages", &S::ocr_languages,
         "languages of scanned pages as Tesseract names them, such as eng+deu", false, 1},
        {"master_key", &S::master_key,
         "64 hex digits that wrap stored keys; empty makes data_dir/master.key", true},
        {"master_key_previous", &S::master_key_previous,
         "the master key that `stoa keys rotate` replaces by master_key; empty afterwards", true},
        {"access_token_seconds", &S::access_token_seconds, "lifetime of an access token", false, 5,
         86'400},
        {"refresh_token_seconds", &S::refresh_token_seconds, "lifetime of a session without use",
         false, 60, 31'536'000},
        {"outbound_ca_file", &S::outbound_ca_file,
         "PEM file of the authorities other servers are trusted by; empty trusts the system's"},
        {"log_level",
         &S::log_level,
         "least level written",
         false,
         0,
         0,
         {"debug", "info", "warning", "error"}},
        {"log_format",
         &S::log_format,
         "human on a terminal and ECS JSON otherwise, or always one",
         false,
         0,
         0,
         {"automatic", "human", "json"}},
    };
}

}  // namespace

const std::vector<Setting>& setting_table() {
    static const std::vector<Setting> table = [] {
        auto rows = settings_of_postgres();
        std::ranges::move(settings_of_parts(), std::back_inserter(rows));
        std::ranges::move(settings_of_answers(), std::back_inserter(rows));
        std::ranges::move(settings_of_use(), std::back_inserter(rows));
        return rows;
    }();
    return table;
}

std::string_view nearest_setting(std::string_view name) {
    return std::ranges::min(setting_table(), {},
                            [&](const Setting& s) { return edit_distance(name, s.name); })
        .name;
}

Result<std::vector<GivenSetting>> settings_from_file(const std::filesystem::path& file) {
    std::error_code unknown;
    if (std::filesystem::is_directory(file, unknown)) {
        return fail(ErrorKind::invalid, "settings_invalid",
                    file.string() + ": should be a TOML file, and is a folder");
    }
    toml::table table;
    try {
        table = toml::parse_file(file.string());
    } catch (const toml::parse_error& error) {
        return fail(ErrorKind::invalid, "settings_invalid",
                    place_in(file, error.source()) + ": " + std::string(error.description()));
    }
    std::vector<GivenSetting> given;
    std::string mistakes;
    for (const auto& [key, node] : table) {
        const auto place = place_in(file, node.source());
        if (const auto text = node.value_exact<std::string>()) {
            given.push_back({std::string(key.str()), *text, place});
        } else if (const auto number = node.value_exact<std::int64_t>()) {
            given.push_back({std::string(key.str()), std::to_string(*number), place});
        } else {
            mistakes += (mistakes.empty() ? "" : "\n") + place + ": " + std::string(key.str()) +
                        " should be a string or a whole number" +
                        (node.is_boolean() ? "; a switch is \"on\" or \"off\"" : "") +
                        (node.is_table() ? "; settings stand in no table" : "");
        }
    }
    if (!mistakes.empty()) return fail(ErrorKind::invalid, "settings_invalid", mistakes);
    return given;
}

std::vector<GivenSetting> settings_from_environment() {
    std::vector<GivenSetting> given;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (!text.starts_with("STOA_") || equals == std::string_view::npos) continue;
        const std::string_view key = text.substr(0, equals);
        if (key == "STOA_CONFIG") continue;
        std::string name;
        for (const char c : key.substr(5)) {
            name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
        }
        given.push_back({name, std::string(text.substr(equals + 1)),
                         "environment " + std::string(key), GivenSetting::Kind::environment});
    }
    return given;
}

Result<Settings> make_settings(const std::vector<GivenSetting>& given) {
    Settings settings;
    std::string mistakes;
    for (const auto& value : given) {
        auto mistake = apply(settings, value);
        if (mistake.empty()) mistake = doubled(value, given);
        if (mistake.empty()) continue;
        mistakes +=
            (mistakes.empty() ? "" : "\n") + value.source + ": " + value.name + " " + mistake;
    }
    if (!mistakes.empty()) return fail(ErrorKind::invalid, "settings_invalid", mistakes);
    return settings;
}

std::string print_settings(const Settings& settings) {
    std::string out;
    for (const auto& setting : setting_table()) {
        const auto value = value_text(settings, setting);
        out += "# " + std::string(setting.text) + "\n";
        if (value == "(hidden)") out += "# ";
        out += std::string(setting.name) + " = " + value + "\n";
    }
    return out;
}

std::string settings_markdown() {
    const Settings defaults;
    std::string out =
        "# Configuration\n\nGenerated by `stoa config-docs` from `src/base/settings.cpp`. Later "
        "sources win: "
        "default, TOML file\n(`--config FILE`), environment, flag. A secret may also come from a "
        "file: "
        "`NAME_file`.\n\n| Setting | Environment | Default | Bounds | Meaning |\n| --- | --- | --- "
        "| --- | --- |\n";
    for (const auto& s : setting_table()) {
        std::string bounds = joined(s.choices);
        if (bounds.empty()) bounds = std::to_string(s.min) + "–" + std::to_string(greatest(s));
        if (s.choices.empty() && is_text(s)) bounds += " bytes";
        if (s.is_url) bounds += ", URL";
        if (s.secret) bounds += ", secret";
        Setting plain = s;
        plain.secret = false;
        out += "| `" + std::string(s.name) + "` | `" + upper(s.name) + "` | `" +
               value_text(defaults, plain) + "` | " + bounds + " | " + std::string(s.text) + " |\n";
    }
    return out;
}

}  // namespace stoa
