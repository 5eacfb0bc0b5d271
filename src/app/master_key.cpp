// SPDX-License-Identifier: Apache-2.0
#include "app/master_key.hpp"

#include "base/id.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

#include <cerrno>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stoa::app {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t key_bytes = 32;

Result<std::string> parse_key(std::string_view hex, const std::string& where) {
    auto key = crypto::from_hex(hex);
    if (!key || key->size() != key_bytes) {
        return fail(
            ErrorKind::invalid, "master_key_invalid",
            where +
                " should hold 64 hexadecimal digits. If it was damaged, bring it back from a "
                "backup: what it wraps cannot be read without it.");
    }
    return std::move(*key);
}

tl::unexpected<Error> unusable(const fs::path& file, int error) {
    return fail(ErrorKind::unavailable, "data_dir_unusable",
                "cannot use " + file.string() + ": " + std::generic_category().message(error));
}

/// A whole new key file under the name, or the one that another process put there first.
Result<void> make_key_file(const fs::path& file) {
    std::error_code made;
    fs::create_directories(file.parent_path(), made);
    if (made) return unusable(file, made.value());
    const fs::path draft = file.string() + "." + to_string(make_uuid());
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return unusable(draft, errno);
    const std::string text = crypto::to_hex(crypto::random_bytes(key_bytes)) + "\n";
    const bool written =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(fd) == 0;
    const int write_error = errno;
    ::close(fd);
    const bool linked = written && (::link(draft.c_str(), file.c_str()) == 0 || errno == EEXIST);
    const int link_error = errno;
    ::unlink(draft.c_str());
    if (!written) return unusable(draft, write_error);
    if (!linked) return unusable(file, link_error);
    return {};
}

}  // namespace

Result<std::string> load_master_key(const std::string& setting_hex, const fs::path& data_dir) {
    if (!setting_hex.empty()) return parse_key(setting_hex, "The setting master_key");
    const fs::path file = data_dir / "master.key";
    std::error_code ignored;
    if (!fs::exists(file, ignored)) {
        if (auto made = make_key_file(file); !made) return fail(made);
    }
    std::ifstream stream(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), {});
    if (!stream) return unusable(file, errno);
    if (text.ends_with('\n')) text.pop_back();
    return parse_key(text, file.string());
}

}  // namespace stoa::app
