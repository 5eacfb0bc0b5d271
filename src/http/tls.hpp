// SPDX-License-Identifier: Apache-2.0
// Private to this module: a server's certificate and key with the rules of its TLS (1.2 and 1.3,
// forward secrecy, ALPN http/1.1). A context never changes: to load another replaces it for the
// connections to come, and those under way keep theirs. Any thread.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <memory>

#include <openssl/ssl.h>

namespace stoa::http {

struct TlsFree {
    void operator()(SSL* session) const { SSL_free(session); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsSession = std::unique_ptr<SSL, TlsFree>;

class TlsContext {
  public:
    /// PEM files: the certificate with its chain behind it, and its private key without a password.
    /// `tls_files_unusable` (invalid) names the file and what is wrong with it.
    static Result<TlsContext> load(const std::filesystem::path& certificate_file,
                                   const std::filesystem::path& key_file);

    /// The server's side of one connection on a non-blocking socket, which it does not own.
    [[nodiscard]] TlsSession make_session(int descriptor) const;

  private:
    explicit TlsContext(std::unique_ptr<SSL_CTX, TlsFree> context) : context_(std::move(context)) {}
    std::unique_ptr<SSL_CTX, TlsFree> context_;
};

}  // namespace stoa::http
