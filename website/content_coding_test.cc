// SPDX-License-Identifier: Apache-2.0
// Goal: a visitor gets a coding that he takes, and its bytes are the file's.
// Method: a table of headers; gzip's bytes through zlib again, Brotli's through its own decoder in
// the scenario (curl).
#include "website/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace origin::website {
namespace {

TEST(ContentCoding, ReadsWeights) {
    struct Row {
        std::string header;
        Coding best;
    };
    for (const Row& row : {Row{"", Coding::Identity},
                           Row{"gzip", Coding::Gzip},
                           Row{"gzip, deflate, br", Coding::Brotli},
                           Row{"GZIP,BR", Coding::Brotli},
                           Row{"br;q=0", Coding::Identity},
                           Row{"br;q=0.000, gzip ; q=0.1", Coding::Gzip},
                           Row{"br;q=0.5, gzip;q=0.9", Coding::Gzip},
                           Row{"gzip;q=0.5, br;q=0.5", Coding::Brotli},
                           Row{"identity, gzip;q=0.5", Coding::Identity},
                           Row{"identity;q=0, gzip;q=0.5", Coding::Gzip},
                           Row{"*", Coding::Brotli},
                           Row{"*;q=0", Coding::Identity},
                           Row{"br;q=0, *", Coding::Gzip},
                           Row{"x-gzip", Coding::Gzip},
                           Row{"brotli, gzipped, compress", Coding::Identity},
                           Row{"br;q=1.001", Coding::Identity},
                           Row{"br;q=2", Coding::Identity},
                           Row{"br;q=-1", Coding::Identity},
                           Row{"br;q=", Coding::Identity},
                           Row{"br;q=0.1234", Coding::Identity},
                           Row{"br;q=0.x", Coding::Identity},
                           Row{"br;level=9", Coding::Identity},
                           Row{"br;q=1;q=0", Coding::Identity},
                           Row{"br;q=0, br;q=1", Coding::Identity},
                           Row{",,;;,=,br", Coding::Brotli}}) {
        EXPECT_EQ(AcceptedCodings::parse(row.header).best(), row.best) << row.header;
    }
}

TEST(ContentCoding, CodesWhatBecomesSmaller) {
    std::string text;
    for (int i = 0; i < 5000; ++i) {
        text += "line " + std::to_string(i * i) + "\n";
    }
    const auto coded = encode(Coding::Gzip, text);
    ASSERT_TRUE(coded);
    EXPECT_LT(coded->size(), text.size() / 2);
    z_stream stream{};
    ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string back(text.size() + 1, '\0');
    std::string input = *coded;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(back.data());
    stream.avail_out = static_cast<uInt>(back.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    back.resize(stream.total_out);
    inflateEnd(&stream);
    EXPECT_EQ(back, text);
    EXPECT_LT(encode(Coding::Brotli, text)->size(), coded->size());
    EXPECT_FALSE(encode(Coding::Identity, text));
    EXPECT_FALSE(encode(Coding::Gzip, *coded));
    EXPECT_FALSE(encode(Coding::Brotli, *coded));
    EXPECT_FALSE(encode(Coding::Brotli, ""));
}

TEST(ContentCoding, KnowsWhatIsCompressedAlready) {
    for (const std::string type : {"text/html; charset=utf-8",
                                   "text/css",
                                   "image/svg+xml",
                                   "application/json",
                                   "application/wasm"}) {
        EXPECT_TRUE(is_compressible(type)) << type;
    }
    for (const std::string type : {"image/png",
                                   "font/woff2",
                                   "application/zip",
                                   "video/mp4",
                                   "application/octet-stream",
                                   ""}) {
        EXPECT_FALSE(is_compressible(type)) << type;
    }
}

}  // namespace
}  // namespace origin::website
