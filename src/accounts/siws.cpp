// SPDX-License-Identifier: Apache-2.0
#include "accounts/siws.hpp"

#include "base/text.hpp"
#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace stoa::accounts {
namespace {

constexpr std::string_view greeting = " wants you to sign in with your Solana account:";
constexpr std::string_view resources_label = "Resources:";

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// RFC 3986, 2.2 and 2.3.
bool is_unreserved(char c) {
    return is_alpha(c) || is_digit(c) || std::string_view("-._~").find(c) != std::string_view::npos;
}
bool is_sub_delimiter(char c) {
    return std::string_view("!$&'()*+,;=").find(c) != std::string_view::npos;
}
bool is_reserved(char c) {
    return is_sub_delimiter(c) || std::string_view(":/?#[]@").find(c) != std::string_view::npos;
}

/// Only unreserved characters, those of `more`, sub-delimiters and percent-encoded bytes.
bool is_encoded(std::string_view text, std::string_view more) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
        } else if (!is_unreserved(text[i]) && !is_sub_delimiter(text[i]) &&
                   more.find(text[i]) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

bool is_authority(std::string_view text) { return !text.empty() && is_encoded(text, ":@[]"); }

bool is_address(std::string_view text) {
    constexpr std::string_view alphabet =
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    return text.size() >= 32 && text.size() <= 44 &&
           text.find_first_not_of(alphabet) == std::string_view::npos;
}

bool is_statement(std::string_view text) {
    const auto fits = [](char c) {
        return is_unreserved(c) || is_reserved(c) || c == ' ' || static_cast<signed char>(c) < 0;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

bool is_uri(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || !is_alpha(text[0])) return false;
    const auto scheme = text.substr(0, colon);
    const auto rest = text.substr(colon + 1);
    const auto fits = [](char c) {
        return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    };
    return std::all_of(scheme.begin(), scheme.end(), fits) && is_encoded(rest, ":/?#[]@") &&
           std::count(rest.begin(), rest.end(), '#') <= 1;
}

bool is_version(std::string_view text) { return text == "1"; }

bool is_chain_id(std::string_view text) {
    constexpr std::string_view prefix = "solana:";
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    constexpr std::array<std::string_view, 4> chains{"mainnet", "testnet", "devnet", "localnet"};
    return std::find(chains.begin(), chains.end(), text) != chains.end();
}

bool is_nonce(std::string_view text) {
    return text.size() >= 8 &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_alpha(c) || is_digit(c); });
}

bool is_date_time(std::string_view text) { return parse_rfc3339(text).has_value(); }

bool is_request_id(std::string_view text) { return is_encoded(text, ":@/?"); }

struct Line {
    std::string_view label;
    std::optional<std::string> SignInInput::* member;
    bool (*is_well_formed)(std::string_view);
};

/// The lines behind the statement, in their order; the resources come last.
constexpr std::array<Line, 8> lines_of_fields{{
    {"URI: ", &SignInInput::uri, is_uri},
    {"Version: ", &SignInInput::version, is_version},
    {"Chain ID: ", &SignInInput::chainId, is_chain_id},
    {"Nonce: ", &SignInInput::nonce, is_nonce},
    {"Issued At: ", &SignInInput::issuedAt, is_date_time},
    {"Expiration Time: ", &SignInInput::expirationTime, is_date_time},
    {"Not Before: ", &SignInInput::notBefore, is_date_time},
    {"Request ID: ", &SignInInput::requestId, is_request_id},
}};

bool is_field(std::string_view line) {
    return line == resources_label ||
           std::any_of(lines_of_fields.begin(), lines_of_fields.end(),
                       [&](const Line& field) { return line.starts_with(field.label); });
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    lines.push_back(text);
    return lines;
}

tl::unexpected<Error> malformed(std::size_t line) {
    return fail(ErrorKind::unauthenticated, "message_malformed",
                "Line " + std::to_string(line + 1) +
                    " of the signed message is not as Sign In With Solana wants it; sign exactly "
                    "the message of the challenge.");
}

/// Reads lines[at…]: at least one field, in order, then perhaps resources, then the end.
Result<void> parse_fields(std::span<const std::string_view> lines, std::size_t at,
                          SignInInput& input) {
    if (at == lines.size()) return malformed(at - 1);
    for (const auto& field : lines_of_fields) {
        if (at == lines.size() || !lines[at].starts_with(field.label)) continue;
        const auto value = lines[at].substr(field.label.size());
        if (!field.is_well_formed(value)) return malformed(at);
        input.*field.member = std::string(value);
        ++at;
    }
    if (at < lines.size() && lines[at] == resources_label) {
        auto& resources = input.resources.emplace();
        for (++at; at < lines.size(); ++at) {
            if (!lines[at].starts_with("- ") || !is_uri(lines[at].substr(2))) return malformed(at);
            resources.emplace_back(lines[at].substr(2));
        }
    }
    if (at != lines.size()) return malformed(at);
    return {};
}

}  // namespace

std::string to_json(const SignInInput& input) {
    std::string out;
    char separator = '{';
    boost::mp11::mp_for_each<json::detail::members<SignInInput>>([&](auto d) {
        const auto& value = input.*d.pointer;
        if constexpr (json::detail::is_optional<std::remove_cvref_t<decltype(value)>>::value) {
            if (!value) return;
        }
        out += separator;
        json::append_string(out, d.name);
        out += ':';
        json::write(out, value);
        separator = ',';
    });
    return out + '}';
}

std::string build_message(const SignInInput& input) {
    std::string text = input.domain;
    text += greeting;
    text += '\n';
    text += input.address.value();
    if (input.statement) text += "\n\n" + *input.statement;
    std::string fields;
    for (const auto& field : lines_of_fields) {
        if (!(input.*field.member)) continue;
        fields += '\n';
        fields += field.label;
        fields += *(input.*field.member);
    }
    if (input.resources) {
        fields += '\n';
        fields += resources_label;
        for (const auto& resource : *input.resources) fields += "\n- " + resource;
    }
    if (!fields.empty()) text += '\n' + fields;
    return text;
}

Result<SignInInput> parse_message(std::string_view text) {
    if (text.size() > siws_bytes_max || !is_utf8(text)) return malformed(0);
    const auto lines = split_lines(text);
    if (!lines[0].ends_with(greeting)) return malformed(0);
    SignInInput input;
    input.domain = lines[0].substr(0, lines[0].size() - greeting.size());
    if (!is_authority(input.domain)) return malformed(0);
    if (lines.size() < 2 || !is_address(lines[1])) return malformed(1);
    input.address = lines[1];
    if (lines.size() == 2) return input;
    if (!lines[2].empty() || lines.size() == 3) return malformed(2);
    std::size_t at = 3;
    if (!is_field(lines[at])) {
        if (!is_statement(lines[at])) return malformed(at);
        input.statement = lines[at++];
        if (at == lines.size()) return input;
        if (!lines[at].empty()) return malformed(at);
        ++at;
    }
    if (auto parsed = parse_fields(lines, at, input); !parsed) return fail(parsed);
    return input;
}

std::optional<std::string_view> find_difference(const SignInInput& issued,
                                                const SignInInput& signed_input) {
    std::optional<std::string_view> difference;
    boost::mp11::mp_for_each<json::detail::members<SignInInput>>([&](auto d) {
        const std::string_view name = d.name;
        if (difference || (name == "address" && !issued.address)) return;
        if (issued.*d.pointer != signed_input.*d.pointer) difference = name;
    });
    return difference;
}

}  // namespace stoa::accounts
