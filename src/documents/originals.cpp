// SPDX-License-Identifier: Apache-2.0
#include "documents/originals.hpp"

#include "base/log.hpp"
#include "crypto/sealed_stream.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace stoa::documents {
namespace {

namespace fs = std::filesystem;
using crypto::SealedStream;

std::string place_of(const RowId& file) { return "documents original " + file.str(); }

/// A descriptor that is closed; -1 if it could not be opened.
class Descriptor {
  public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    ~Descriptor() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;
    [[nodiscard]] int get() const { return descriptor_; }

  private:
    int descriptor_;
};

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

std::string read_at(int descriptor, std::uint64_t offset, std::size_t bytes) {
    std::string read(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
        const auto count =
            ::pread(descriptor, read.data() + got, bytes - got, static_cast<off_t>(offset + got));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        got += static_cast<std::size_t>(count);
    }
    read.resize(got);
    return read;
}

tl::unexpected<Error> not_stored(int error) {
    log::error("an uploaded file cannot be kept",
               {{"error.message", std::generic_category().message(error)}});
    return unavailable("storage_unavailable",
                       "The file could not be stored; the server's disk may be full.",
                       std::chrono::seconds(30));
}

tl::unexpected<Error> unreadable() {
    return unavailable("file_unreadable", "The uploaded file cannot be read at the moment.");
}

/// Seals `plain` into `out`, synced. An error of the file that is read is returned, one of the file
/// that is written is in errno.
Result<bool> write_sealed(const SealedStream& stream, const UnnamedFile& plain, int out) {
    if (!write_all(out, stream.header())) return false;
    for (std::uint64_t i = 0; i < stream.segment_count(); ++i) {
        const auto piece = plain.read(i * SealedStream::segment_bytes, SealedStream::segment_bytes);
        if (!piece) return fail(piece);
        if (!write_all(out, stream.seal(i, *piece))) return false;
    }
    return ::fsync(out) == 0;
}

class SealedSource final : public http::ByteSource {
  public:
    SealedSource(Descriptor file, SealedStream stream)
        : file_(std::move(file)), stream_(std::move(stream)) {}

    [[nodiscard]] std::uint64_t size() const override { return stream_.plain_bytes(); }

    Result<std::string> read(std::uint64_t offset) override {
        const auto segment = offset / SealedStream::segment_bytes;
        const auto sealed = read_at(file_.get(), SealedStream::offset_of(segment),
                                    stream_.sealed_bytes_of(segment));
        auto plain = stream_.open(segment, sealed);
        if (!plain) {
            return fail(ErrorKind::internal, "sealed_unreadable",
                        "A stored file was changed or does not open with its owner's key.");
        }
        plain->erase(0, offset % SealedStream::segment_bytes);
        return std::move(*plain);
    }

  private:
    Descriptor file_;
    SealedStream stream_;
};

}  // namespace

Originals::Originals(const fs::path& data_dir, accounts::SubjectKeys& keys, std::string_view folder)
    : directory_(data_dir / folder), keys_(keys) {}

fs::path Originals::path_of(const RowId& file) const { return directory_ / file.str(); }

Result<void> Originals::keep(const Original& original, const UnnamedFile& spooled) const {
    const auto key = keys_.key_of(original.owner);
    if (!key) return fail(key);
    const auto place = place_of(original.file);
    const auto stream = SealedStream::make(key->derive(place), place, spooled.size());
    std::error_code error;
    fs::create_directories(directory_, error);
    if (error) return not_stored(error.value());
    const auto path = path_of(original.file);
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.get() < 0) return not_stored(errno);
    auto written = write_sealed(stream, spooled, file.get());
    if (written && *written) {
        const Descriptor folder(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (::fsync(folder.get()) == 0) return {};
        written = false;
    }
    const int reason = errno;
    fs::remove(path, error);
    if (!written) return fail(written);
    return not_stored(reason);
}

Result<std::shared_ptr<http::ByteSource>> Originals::open(const Original& original) const {
    const auto key = keys_.key_of(original.owner);
    if (!key) return fail(key);
    Descriptor file(::open(path_of(original.file).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return unreadable();
    const auto place = place_of(original.file);
    auto stream =
        SealedStream::read(read_at(file.get(), 0, SealedStream::header_bytes),
                           static_cast<std::uint64_t>(status.st_size), key->derive(place), place);
    if (!stream) return unreadable();
    return std::make_shared<SealedSource>(std::move(file), std::move(*stream));
}

Result<extraction::InputFile> Originals::unseal(const Original& original) const {
    const auto source = open(original);
    if (!source) return fail(source);
    // What is small needs no place on the disk: where many files come and go, finding one took ext4
    // a millisecond.
    if ((*source)->size() <= SealedStream::segment_bytes) {
        const auto whole = (*source)->read(0);
        if (!whole) return fail(whole);
        return extraction::InputFile::hold({*whole});
    }
    auto plain = UnnamedFile::make(directory_);
    if (!plain) return fail(plain);
    while (plain->size() < (*source)->size()) {
        const auto piece = (*source)->read(plain->size());
        if (!piece) return fail(piece);
        if (auto appended = plain->append(*piece); !appended) return fail(appended);
    }
    return extraction::InputFile::adopt(plain->duplicate());
}

bool Originals::remove(const RowId& file) const {
    std::error_code error;
    const bool removed = fs::remove(path_of(file), error);
    if (error) {
        log::warning("a file that nobody needs stays until the sweep",
                     {{"stoa.file.id", file.str()}, {"error.message", error.message()}});
    }
    return removed;
}

Result<void> Originals::for_each_old(
    const std::function<Result<void>(const std::vector<RowId>&)>& sweep) const {
    constexpr std::size_t batch_max = 500;
    const auto oldest = fs::file_time_type::clock::now() - std::chrono::hours(1);
    std::vector<RowId> batch;
    std::error_code error;
    for (fs::directory_iterator entry(directory_, error), end; !error && entry != end;
         entry.increment(error)) {
        const auto id = RowId::parse(entry->path().filename().string());
        std::error_code gone;
        const auto written = entry->last_write_time(gone);
        if (!id || gone || written > oldest) continue;
        batch.push_back(*id);
        if (batch.size() < batch_max) continue;
        if (auto swept = sweep(batch); !swept) return swept;
        batch.clear();
    }
    return batch.empty() ? Result<void>() : sweep(batch);
}

}  // namespace stoa::documents
