// SPDX-License-Identifier: Apache-2.0
#include "markup/xml_events.hpp"

#include <cstring>

#include <libxml/parser.h>

namespace stoa::markup {

std::string_view XmlAttributes::value(std::string_view name) const {
    for (int i = 0; i < count_; ++i) {
        const unsigned char* const* attribute = attributes_ + static_cast<std::ptrdiff_t>(i) * 5;
        if (reinterpret_cast<const char*>(attribute[0]) != name) continue;
        return {reinterpret_cast<const char*>(attribute[3]),
                static_cast<std::size_t>(attribute[4] - attribute[3])};
    }
    return {};
}

struct XmlParser::State {
    explicit State(XmlEvents& to) : events(to) {}

    static void start(void* self, const xmlChar* name, const xmlChar*, const xmlChar*, int,
                      const xmlChar**, int count, int, const xmlChar** attributes) {
        static_cast<State*>(self)->events.on_start(reinterpret_cast<const char*>(name),
                                                   XmlAttributes(attributes, count));
    }
    static void end(void* self, const xmlChar* name, const xmlChar*, const xmlChar*) {
        static_cast<State*>(self)->events.on_end(reinterpret_cast<const char*>(name));
    }
    static void text(void* self, const xmlChar* bytes, int count) {
        static_cast<State*>(self)->events.on_text(
            {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)});
    }
    static void refuse_dtd(void* self, const xmlChar*, const xmlChar*, const xmlChar*) {
        auto* state = static_cast<State*>(self);
        state->refused = true;
        xmlStopParser(state->parser);
    }

    XmlEvents& events;
    xmlParserCtxtPtr parser = nullptr;
    bool refused = false;
};

XmlParser::XmlParser(XmlEvents& events) : state_(std::make_unique<State>(events)) {
    xmlSAXHandler calls{};
    calls.initialized = XML_SAX2_MAGIC;
    calls.startElementNs = State::start;
    calls.endElementNs = State::end;
    calls.characters = State::text;
    calls.ignorableWhitespace = State::text;
    calls.cdataBlock = State::text;
    calls.internalSubset = State::refuse_dtd;
    state_->parser = xmlCreatePushParserCtxt(&calls, state_.get(), nullptr, 0, nullptr);
    if (state_->parser == nullptr) return;
    // An encoding that the file names could make the C library open its own files.
    xmlCtxtUseOptions(state_->parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                          XML_PARSE_IGNORE_ENC);
}

XmlParser::~XmlParser() {
    if (state_->parser != nullptr) xmlFreeParserCtxt(state_->parser);
}

bool XmlParser::feed(std::string_view piece) {
    if (state_->parser == nullptr) return false;
    const int error =
        xmlParseChunk(state_->parser, piece.data(), static_cast<int>(piece.size()), 0);
    return error == 0 && !state_->refused;
}

bool XmlParser::finish() {
    return state_->parser != nullptr && !state_->refused &&
           xmlParseChunk(state_->parser, nullptr, 0, 1) == 0 && state_->parser->wellFormed != 0;
}

}  // namespace stoa::markup
