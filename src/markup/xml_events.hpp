// SPDX-License-Identifier: Apache-2.0
// A streaming XML parser without the parts that a stranger's file can turn against its reader: no
// document type definition, hence no entities beside the five of XML, no network, no files, and
// libxml2's own bounds on depth and names. Names are local, without their namespace. One thread.
#pragma once

#include <memory>
#include <string_view>

namespace stoa::markup {

/// The attributes of one element, valid during the event.
class XmlAttributes {
  public:
    /// As libxml2's SAX2 has them: five pointers each.
    XmlAttributes(const unsigned char** attributes, int count)
        : attributes_(attributes), count_(count) {}
    /// The value by local name, or an empty string.
    [[nodiscard]] std::string_view value(std::string_view name) const;

  private:
    const unsigned char** attributes_;
    int count_;
};

class XmlEvents {
  public:
    virtual ~XmlEvents() = default;
    virtual void on_start(std::string_view name, const XmlAttributes& attributes) = 0;
    virtual void on_end(std::string_view name) = 0;
    virtual void on_text(std::string_view text) = 0;
};

class XmlParser {
  public:
    /// `events` must outlive it.
    explicit XmlParser(XmlEvents& events);
    ~XmlParser();
    XmlParser(const XmlParser&) = delete;
    XmlParser& operator=(const XmlParser&) = delete;

    /// UTF-8 or UTF-16 in pieces; false once it is not well-formed or has a DTD.
    bool feed(std::string_view piece);
    /// False unless all was one whole document.
    bool finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace stoa::markup
