// SPDX-License-Identifier: Apache-2.0
#include "redis/tls_session.hpp"

#include <array>
#include <new>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace stoa::redis {

namespace {

struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

std::string last_error() {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    return text.data();
}

bool expect_host(SSL* session, const std::string& host) {
    auto* const rules = SSL_get0_param(session);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1) return true;  // an address
    ERR_clear_error();
    return SSL_set_tlsext_host_name(session, host.c_str()) == 1 &&
           X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size()) == 1;
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* session) const { SSL_free(session); }

std::unique_ptr<TlsSession> TlsSession::begin(const std::string& host, const std::string& ca_file,
                                              std::string& why) {
    ERR_clear_error();
    const std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_client_method()));
    if (!context) throw std::bad_alloc();
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const bool is_trusting = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                                             : SSL_CTX_load_verify_locations(
                                                   context.get(), ca_file.c_str(), nullptr) == 1;
    if (!is_trusting) {
        why = "the certificates to trust cannot be read: " + last_error();
        return nullptr;
    }
    std::unique_ptr<SSL, Free> session(SSL_new(context.get()));
    if (!session || !expect_host(session.get(), host)) throw std::bad_alloc();
    SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(session.get());
    return std::unique_ptr<TlsSession>(new TlsSession(std::move(session)));
}

TlsSession::State TlsSession::shake_hands(std::string& why) {
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    if (result == 1) return State::done;
    if (SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ) return State::wants_more;
    const auto verified = SSL_get_verify_result(session_.get());
    why = verified == X509_V_OK ? "TLS: " + last_error()
                                : std::string("TLS: ") + X509_verify_cert_error_string(verified);
    return State::failed;
}

void TlsSession::feed(std::string_view bytes) {
    BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
}

TlsSession::State TlsSession::read(std::span<char> to, std::size_t& bytes) {
    ERR_clear_error();
    bytes = 0;
    const int result = SSL_read_ex(session_.get(), to.data(), to.size(), &bytes);
    if (result == 1) return State::done;
    const bool wants_more = SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ;
    return wants_more ? State::wants_more : State::failed;
}

bool TlsSession::write(std::string_view bytes) {
    ERR_clear_error();
    std::size_t written = 0;
    return bytes.empty() || SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &written) == 1;
}

std::string TlsSession::take_output() {
    auto* const output = SSL_get_wbio(session_.get());
    std::string bytes(BIO_ctrl_pending(output), '\0');
    if (!bytes.empty()) BIO_read(output, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
}

}  // namespace stoa::redis
