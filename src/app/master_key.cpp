// SPDX-License-Identifier: Apache-2.0
#include "app/master_key.hpp"

#include "base/id.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stoa::app {
namespace {

namespace fs = std::filesystem;

using Keys = std::vector<crypto::SecretKey>;

Result<crypto::SecretKey> parse_key(std::string_view hex, const std::string& where) {
    const auto bytes = crypto::from_hex(hex);
    if (const auto key = bytes ? crypto::to_array<32>(*bytes) : std::nullopt) return *key;
    return fail(ErrorKind::invalid, "master_key_invalid",
                where +
                    " should hold 64 hexadecimal digits. If it was damaged, bring it back from a "
                    "backup: what it wraps cannot be read without it.");
}

tl::unexpected<Error> unusable(const fs::path& file, int error) {
    return fail(ErrorKind::unavailable, "data_dir_unusable",
                "cannot use " + file.string() + ": " + std::generic_category().message(error));
}

/// A whole draft of the key file, flushed to disk.
Result<fs::path> write_draft(const fs::path& file, const Keys& keys) {
    const fs::path draft = file.string() + "." + to_string(make_uuid());
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return unusable(draft, errno);
    std::string text;
    for (const auto& key : keys) text += crypto::to_hex(key) + "\n";
    const bool written =
        ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(fd) == 0;
    const int error = errno;
    ::close(fd);
    if (written) return draft;
    ::unlink(draft.c_str());
    return unusable(draft, error);
}

crypto::SecretKey make_key() {
    return *crypto::to_array<32>(crypto::random_bytes(crypto::SecretKey().size()));
}

/// A whole new key file under the name, or the one that another process put there first.
Result<void> make_key_file(const fs::path& file) {
    std::error_code made;
    fs::create_directories(file.parent_path(), made);
    if (made) return unusable(file, made.value());
    const auto draft = write_draft(file, {make_key()});
    if (!draft) return fail(draft);
    const bool linked = ::link(draft->c_str(), file.c_str()) == 0 || errno == EEXIST;
    const int error = errno;
    ::unlink(draft->c_str());
    if (!linked) return unusable(file, error);
    return {};
}

Result<Keys> read_key_file(const fs::path& file) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) {
        if (auto made = make_key_file(file); !made) return fail(made);
    }
    std::ifstream stream(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), {});
    if (!stream) return unusable(file, errno);
    if (text.ends_with('\n')) text.pop_back();
    Keys keys;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const auto key =
            parse_key(std::string_view(text).substr(begin, end - begin), file.string());
        if (!key) return fail(key);
        keys.push_back(*key);
        begin = end + 1;
    }
    return keys;
}

Result<void> replace_key_file(const fs::path& file, const Keys& keys) {
    const auto draft = write_draft(file, keys);
    if (!draft) return fail(draft);
    if (::rename(draft->c_str(), file.c_str()) != 0) return unusable(file, errno);
    const int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = folder >= 0 && ::fsync(folder) == 0;
    const int error = errno;
    if (folder >= 0) ::close(folder);
    if (!synced) return unusable(file, error);
    return {};
}

/// Held while the key file is changed; of the folder, because the file is replaced as a whole.
class FolderLock {
  public:
    explicit FolderLock(const fs::path& folder)
        : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (fd_ >= 0) ::flock(fd_, LOCK_EX);
    }
    ~FolderLock() {
        if (fd_ >= 0) ::close(fd_);
    }
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    const int fd_;
};

fs::path file_in(const fs::path& data_dir) { return data_dir / "master.key"; }

/// Those that the settings hold themselves.
Result<Keys> keys_of_settings(const Settings& settings) {
    Keys keys;
    for (const auto& [hex, name] :
         {std::pair{&settings.master_key, "master_key"},
          std::pair{&settings.master_key_previous, "master_key_previous"}}) {
        if (hex->empty()) continue;
        const auto key = parse_key(*hex, "The setting " + std::string(name));
        if (!key) return fail(key);
        keys.push_back(*key);
    }
    return keys;
}

}  // namespace

Result<void> check_master_keys(const Settings& settings) {
    if (auto keys = keys_of_settings(settings); !keys) return fail(keys);
    return {};
}

Result<Keys> load_master_keys(const Settings& settings) {
    auto given = keys_of_settings(settings);
    if (!given || !settings.master_key.empty()) return given;
    auto keys = read_key_file(file_in(settings.data_dir));
    if (keys) keys->insert(keys->end(), given->begin(), given->end());
    return keys;
}

Result<Keys> add_master_key(const fs::path& data_dir) {
    const FolderLock lock(data_dir);
    auto keys = read_key_file(file_in(data_dir));
    if (!keys || keys->size() > 1) return keys;
    keys->insert(keys->begin(), make_key());
    if (auto replaced = replace_key_file(file_in(data_dir), *keys); !replaced)
        return fail(replaced);
    return keys;
}

Result<void> drop_replaced_master_keys(const fs::path& data_dir, const crypto::SecretKey& key) {
    const FolderLock lock(data_dir);
    const auto keys = read_key_file(file_in(data_dir));
    if (!keys) return fail(keys);
    if (keys->size() == 1 || keys->front() != key) return {};
    return replace_key_file(file_in(data_dir), {key});
}

}  // namespace stoa::app
