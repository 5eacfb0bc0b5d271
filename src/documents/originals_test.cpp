// SPDX-License-Identifier: Apache-2.0
#include "documents/originals.hpp"

#include "crypto/random.hpp"
#include "documents/library_fixture.hpp"

#include <fstream>
#include <iterator>

namespace stoa::documents {
namespace {

class OriginalsTest : public LibraryTest {
  protected:
    Original keep(const std::string& text) {
        const Original original{RowId::make(), owner};
        auto spooled = UnnamedFile::make(directory.path()).value();
        EXPECT_TRUE(spooled.append(text));
        EXPECT_TRUE(originals.keep(original, spooled));
        return original;
    }
    static std::string read_from(http::ByteSource& source, std::uint64_t offset) {
        std::string text;
        while (offset + text.size() < source.size()) {
            const auto piece = source.read(offset + text.size());
            if (!piece || piece->empty()) return "unreadable";
            text += *piece;
        }
        return text;
    }
    std::string on_disk(const Original& original) {
        std::ifstream file(file_of(original.file), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    const UserId owner = new_user();
    Originals originals{directory.path(), keys};
};

TEST_F(OriginalsTest, Comes_back_from_anywhere_and_lies_sealed) {
    std::string text = "The secret of caesium. ";
    while (text.size() < 200'000) text += std::to_string(text.size()) + ' ';
    const auto original = keep(text);
    const auto source = originals.open(original).value();
    EXPECT_EQ(source->size(), text.size());
    for (const std::uint64_t offset : {0U, 1U, 65'535U, 65'536U, 65'537U, 199'000U}) {
        EXPECT_EQ(read_from(*source, offset), text.substr(offset)) << offset;
    }
    EXPECT_EQ(on_disk(original).find("caesium"), std::string::npos);
    const auto file = originals.unseal(original).value();
    EXPECT_EQ(file.read_string(0, text.size() + 1).value(), text);
    EXPECT_TRUE(originals.remove(original.file));
    EXPECT_FALSE(originals.remove(original.file));
    EXPECT_EQ(originals.open(original).error().code, "file_unreadable");
}

TEST_F(OriginalsTest, What_was_changed_is_not_given_out) {
    const auto original = keep(crypto::random_bytes(100'000));
    {
        std::fstream file(file_of(original.file), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(80'000);
        file.put('x').put('y');
    }
    const auto source = originals.open(original).value();
    EXPECT_TRUE(source->read(0));
    EXPECT_EQ(source->read(70'000).error().code, "sealed_unreadable");
    EXPECT_FALSE(originals.unseal(original));
    EXPECT_FALSE(originals.open({original.file, new_user()}).value()->read(0));
}

TEST_F(OriginalsTest, A_disk_that_refuses_is_told_of) {
    std::ofstream(directory.path() + "/documents") << "no folder";
    auto spooled = UnnamedFile::make(directory.path()).value();
    EXPECT_EQ(originals.keep({RowId::make(), owner}, spooled).error().code, "storage_unavailable");
}

}  // namespace
}  // namespace stoa::documents
