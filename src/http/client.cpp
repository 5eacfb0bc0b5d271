// SPDX-License-Identifier: Apache-2.0
#include "http/client.hpp"

#include "http/status.hpp"
#include "http/url.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <vector>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace stoa::http {
namespace {

constexpr long redirects_max = 3;
constexpr std::size_t header_bytes_max = 64 * 1024;
constexpr std::size_t idle_handles_max = 16;

struct FreeHandle {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;

/// curl_global_init is thread-safe in this libcurl (>= 7.84), and a static is initialised once.
void start_curl() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw std::runtime_error("curl_global_init failed");
}

struct Transfer {
    const Outbound& request;
    const std::function<bool(std::string_view)>* on_bytes;
    CURL* handle;
    Inbound answer;
    std::size_t header_bytes = 0;
    std::uint64_t body_bytes = 0;
    bool address_refused = false;
    bool too_large = false;
    bool ended_by_caller = false;
};

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::string_view line(data, size);
    if (line.starts_with("HTTP/")) {
        // A redirect or 100 Continue came before.
        transfer.answer.headers.clear();
        return size;
    }
    transfer.header_bytes += size;
    if (transfer.header_bytes > header_bytes_max) {
        transfer.too_large = true;
        return 0;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return size;
    std::string name(line.substr(0, colon));
    for (auto& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    auto value = line.substr(colon + 1);
    while (value.ends_with('\n') || value.ends_with('\r')) value.remove_suffix(1);
    transfer.answer.headers.emplace_back(std::move(name), trim_blanks(value));
    return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    transfer.body_bytes += size;
    if (transfer.body_bytes > transfer.request.answer_bytes_max) {
        transfer.too_large = true;
        return 0;
    }
    long status = 0;
    curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
    if (transfer.on_bytes == nullptr || status / 100 != 2) {
        transfer.answer.body.append(data, size);
        return size;
    }
    if ((*transfer.on_bytes)({data, size})) return size;
    transfer.ended_by_caller = true;
    return 0;
}

/// Called with the address that was resolved, at each hop, before anything is sent to it.
curl_socket_t open_public_socket(void* user, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(user);
    if (!is_public_address(&address->addr)) {
        transfer.address_refused = true;
        return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::unique_ptr<curl_slist, FreeList> make_header_list(const Headers& headers) {
    std::unique_ptr<curl_slist, FreeList> list;
    const auto append = [&list](const std::string& line) {
        auto* longer = curl_slist_append(list.get(), line.c_str());
        if (longer == nullptr) throw std::bad_alloc();
        (void)list.release();
        list.reset(longer);
    };
    for (const auto& [name, value] : headers) {
        // "name;" is how libcurl spells a header without a value.
        append(value.empty() ? name + ';' : name + ": " + value);
    }
    append("Expect:");
    return list;
}

void set_method(CURL* handle, const Outbound& request) {
    const auto set_body = [&] {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    };
    switch (request.method) {
        case Method::get:
            curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
            break;
        case Method::head:
            curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
            break;
        case Method::post:
        case Method::put:
        case Method::patch:
            set_body();
            break;
        case Method::delete_:
        case Method::options:
            if (!request.body.empty()) set_body();
            break;
    }
    if (request.method != Method::get && request.method != Method::head) {
        curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST,
                         std::string(method_name(request.method)).c_str());
    }
    const bool may_follow = request.method == Method::get || request.method == Method::head;
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, may_follow ? 1L : 0L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, redirects_max);
}

void set_limits(CURL* handle, const Outbound& request) {
    const auto stall = std::chrono::ceil<std::chrono::seconds>(request.stall_timeout);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(request.connect_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall.count()));
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "stoa/" STOA_VERSION);
}

void set_callbacks(CURL* handle, Transfer& transfer) {
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    if (transfer.request.allow_private_addresses) return;
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_public_socket);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
    // A proxy would resolve the name itself, out of the guard's sight.
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
}

Result<Inbound> outcome(Transfer& transfer, CURLcode code) {
    if (code == CURLE_OK || transfer.ended_by_caller) {
        long status = 0;
        curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
        transfer.answer.status = static_cast<int>(status);
        return std::move(transfer.answer);
    }
    if (transfer.address_refused) {
        return fail(ErrorKind::forbidden, "address_refused",
                    "The address is private, loopback or link-local; a public one is needed.");
    }
    if (transfer.too_large) {
        return unavailable("upstream_too_large", "The other server's answer is too large.");
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return unavailable("upstream_timeout", "The other server did not answer in time.");
    }
    return unavailable("upstream_unreachable", std::string("The other server cannot be reached: ") +
                                                   curl_easy_strerror(code) + '.');
}

bool is_public_ipv4(std::uint32_t address) {
    struct Block {
        std::uint32_t prefix;
        int bits;
    };
    // Every block the IANA special-purpose registry does not list as globally reachable.
    static constexpr std::array blocks{
        Block{0x00000000, 8},  Block{0x0A000000, 8},  Block{0x64400000, 10}, Block{0x7F000000, 8},
        Block{0xA9FE0000, 16}, Block{0xAC100000, 12}, Block{0xC0000000, 24}, Block{0xC0000200, 24},
        Block{0xC0586300, 24}, Block{0xC0A80000, 16}, Block{0xC6120000, 15}, Block{0xC6336400, 24},
        Block{0xCB007100, 24}, Block{0xE0000000, 4},  Block{0xF0000000, 4}};
    return std::ranges::none_of(blocks, [address](const Block& block) {
        return (address ^ block.prefix) >> (32 - block.bits) == 0;
    });
}

/// Only 2000::/3 is global unicast; of it, what embeds an IPv4 address or is for documentation
/// goes.
bool is_public_ipv6(const std::array<std::uint8_t, 16>& bytes) {
    const auto ipv4_at = [&](std::size_t i) {
        return static_cast<std::uint32_t>(bytes[i]) << 24 |
               static_cast<std::uint32_t>(bytes[i + 1]) << 16 |
               static_cast<std::uint32_t>(bytes[i + 2]) << 8 | bytes[i + 3];
    };
    static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    static constexpr std::array<std::uint8_t, 12> nat64{0, 0x64, 0xFF, 0x9B};
    if (std::equal(mapped.begin(), mapped.end(), bytes.begin()) ||
        std::equal(nat64.begin(), nat64.end(), bytes.begin())) {
        return is_public_ipv4(ipv4_at(12));
    }
    if ((bytes[0] & 0xE0) != 0x20) return false;
    if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_ipv4(ipv4_at(2));
    const bool teredo_or_special = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02;
    const bool documentation =
        (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0D && bytes[3] == 0xB8) ||
        (bytes[0] == 0x3F && bytes[1] == 0xFF && bytes[2] < 0x10);
    return !teredo_or_special && !documentation;
}

}  // namespace

bool is_public_address(const sockaddr* address) {
    if (address->sa_family == AF_INET) {
        sockaddr_in ipv4;
        std::memcpy(&ipv4, address, sizeof ipv4);
        return is_public_ipv4(ntohl(ipv4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 ipv6;
        std::memcpy(&ipv6, address, sizeof ipv6);
        std::array<std::uint8_t, 16> bytes;
        std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
        return is_public_ipv6(bytes);
    }
    return false;
}

/// Idle handles, which keep their connections: guarded and unguarded apart, since a connection that
/// is taken again is not checked again.
struct Client::Handles {
    std::mutex mutex;
    std::array<std::vector<Handle>, 2> idle;

    Handle take(bool guarded) {
        {
            const std::lock_guard lock(mutex);
            auto& handles = idle[guarded ? 1 : 0];
            if (!handles.empty()) {
                auto handle = std::move(handles.back());
                handles.pop_back();
                return handle;
            }
        }
        return Handle(curl_easy_init());
    }
    void give_back(bool guarded, Handle handle) {
        curl_easy_reset(handle.get());
        const std::lock_guard lock(mutex);
        auto& handles = idle[guarded ? 1 : 0];
        if (handles.size() < idle_handles_max) handles.push_back(std::move(handle));
    }
};

Client::Client() : handles_(std::make_shared<Handles>()) { start_curl(); }

Result<Inbound> Client::send(const Outbound& request) const { return run(request, nullptr); }

Result<Inbound> Client::stream(const Outbound& request,
                               const std::function<bool(std::string_view)>& on_bytes) const {
    return run(request, &on_bytes);
}

Result<Inbound> Client::run(const Outbound& request,
                            const std::function<bool(std::string_view)>* on_bytes) const {
    const bool guarded = !request.allow_private_addresses;
    auto handle = handles_->take(guarded);
    if (!handle) return fail(ErrorKind::internal, "internal_error", "curl_easy_init failed");
    Transfer transfer{request, on_bytes, handle.get(), {}};
    const auto headers = make_header_list(request.headers);
    curl_easy_setopt(handle.get(), CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
    set_method(handle.get(), request);
    set_limits(handle.get(), request);
    set_callbacks(handle.get(), transfer);
    auto result = outcome(transfer, curl_easy_perform(handle.get()));
    handles_->give_back(guarded, std::move(handle));
    return result;
}

}  // namespace stoa::http
