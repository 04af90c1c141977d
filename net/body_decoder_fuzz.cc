// SPDX-License-Identifier: Apache-2.0
// Invariant: a body is decoded to the same bytes and the same end whether it arrives whole or byte
// by byte; and never to more bytes than arrived.
#include "base/assert.h"
#include "net/body_decoder.h"

namespace {

constexpr std::string_view kHead =
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

struct Outcome {
    std::string body{};
    bool done = false;
};

Outcome decode(std::string_view wire, std::size_t piece) {
    origin::net::BodyDecoder decoder(kHead);
    Outcome outcome;
    std::string waiting;
    while (!decoder.done()) {
        const auto used = decoder.decode(waiting, outcome.body, 1000);
        if (!used) {
            return {};
        }
        waiting.erase(0, *used);
        if (*used > 0 || decoder.done()) {
            continue;
        }
        if (wire.empty()) {
            break;
        }
        waiting += wire.substr(0, piece);
        wire.remove_prefix(std::min(piece, wire.size()));
    }
    outcome.done = decoder.done();
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view wire(reinterpret_cast<const char*>(data), size);
    const Outcome whole = decode(wire, wire.size());
    const Outcome cut = decode(wire, 1);
    ORIGIN_ASSERT(whole.done == cut.done);
    ORIGIN_ASSERT(!whole.done || whole.body == cut.body);
    ORIGIN_ASSERT(whole.body.size() <= size);
    return 0;
}
