// SPDX-License-Identifier: Apache-2.0
#include "http/tls.hpp"

#include <array>
#include <new>
#include <string>
#include <string_view>

#include <openssl/err.h>

namespace stoa::http {
namespace {

/// What TLS 1.2 may use: an ephemeral key exchange and an authenticated cipher (RFC 9325, 4.2).
constexpr const char* tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view session_context = "stoa";

tl::unexpected<Error> unusable(const std::filesystem::path& file) {
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_peek_last_error(), reason.data(), reason.size());
    ERR_clear_error();
    return fail(ErrorKind::invalid, "tls_files_unusable",
                file.string() +
                    " should be a PEM file of a certificate chain or its private key: " +
                    reason.data() + ".");
}

/// RFC 7301, 3.2: who offers protocols, but not this one, is refused.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
    static constexpr std::array<unsigned char, 9> http11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* selected = nullptr;
    const int found =
        SSL_select_next_proto(&selected, out_size, http11.data(),
                              static_cast<unsigned>(http11.size()), offered, offered_size);
    *out = selected;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_rules(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, tls12_ciphers);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    // What is retried after a full socket is the same bytes at another place, and idle connections
    // keep no buffers.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context,
                                   reinterpret_cast<const unsigned char*>(session_context.data()),
                                   static_cast<unsigned>(session_context.size()));
    SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
    // A key with a password is refused; the default would ask on the terminal.
    SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
}

}  // namespace

Result<TlsContext> TlsContext::load(const std::filesystem::path& certificate_file,
                                    const std::filesystem::path& key_file) {
    ERR_clear_error();
    std::unique_ptr<SSL_CTX, TlsFree> context(SSL_CTX_new(TLS_server_method()));
    if (!context) throw std::bad_alloc();
    set_rules(context.get());
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
        return unusable(certificate_file);
    }
    // Also fails if it is not the certificate's key.
    if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        return unusable(key_file);
    }
    return TlsContext(std::move(context));
}

TlsSession TlsContext::make_session(int descriptor) const {
    TlsSession session(SSL_new(context_.get()));
    if (!session || SSL_set_fd(session.get(), descriptor) != 1) throw std::bad_alloc();
    SSL_set_accept_state(session.get());
    return session;
}

}  // namespace stoa::http
