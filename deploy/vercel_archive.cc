// SPDX-License-Identifier: Apache-2.0
#include "deploy/vercel_archive.h"

#include <charconv>
#include <filesystem>

#include <unistd.h>

#include "crypto/encode.h"
#include "crypto/hash.h"
#include "deploy/box_files.h"
#include "git/odb/zlib_stream.h"
#include "git/serve/tar.h"
#include "sandbox/bubblewrap.h"

namespace origin::deploy {
namespace {

constexpr int kLevel = 6;
constexpr std::size_t kHashDigits = 40;

}  // namespace

Status VercelArchive::cut(std::string_view bytes) {
    pieces_.push_back({crypto::hex(crypto::sha1(bytes)), bytes.size()});
    return write_all(file_.get(), bytes);
}

Result<VercelArchive> VercelArchive::pack(Task& task, Extra extra, std::string_view folder) {
    ORIGIN_TRY(site, task.site());
    ORIGIN_TRY(file, sandbox::nameless_file(std::filesystem::temp_directory_path()));
    VercelArchive archive(std::move(file));
    git::Deflater gzip(kLevel, git::Deflater::Format::Gzip);
    std::string tar;
    std::string waiting;  // Compressed, not yet a whole piece.
    std::uint64_t total = 0;
    git::append_tar_file(tar, extra.path, Oid{}, extra.content);
    for (const SiteFile& each : site->files) {
        ORIGIN_CHECK(task.check_time());
        ORIGIN_TRY(content, task.read(each));
        git::append_tar_file(tar, std::string(folder) + each.path, each.blob, content);
        total += tar.size();
        gzip.step(tar, false, waiting);
        tar.clear();
        while (waiting.size() >= kArchivePieceBytes) {
            ORIGIN_CHECK(archive.cut(std::string_view(waiting).substr(0, kArchivePieceBytes)));
            waiting.erase(0, kArchivePieceBytes);
        }
    }
    git::append_tar_end(tar, total);
    gzip.step(tar, true, waiting);
    ORIGIN_CHECK(archive.cut(waiting));
    return archive;
}

Result<std::string> VercelArchive::read(std::size_t piece) const {
    std::string bytes(pieces_.at(piece).size, '\0');
    std::size_t there = 0;
    while (there < bytes.size()) {
        const auto at = static_cast<off_t>(piece * kArchivePieceBytes + there);
        const ssize_t got = ::pread(file_.get(), bytes.data() + there, bytes.size() - there, at);
        if (got <= 0) {
            return std::unexpected(
                Error(Code::Internal, "the archive for Vercel cannot be read back"));
        }
        there += static_cast<std::size_t>(got);
    }
    return bytes;
}

std::string text_of(const std::vector<ArchivePiece>& pieces) {
    std::string text;
    for (const ArchivePiece& piece : pieces) {
        text += (text.empty() ? "" : " ") + piece.sha1 + ":" + std::to_string(piece.size);
    }
    return text;
}

std::vector<ArchivePiece> read_pieces(std::string_view text) {
    std::vector<ArchivePiece> pieces;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        const std::size_t colon = word.find(':');
        if (colon != kHashDigits) {
            return {};
        }
        ArchivePiece piece{std::string(word.substr(0, colon)), 0};
        const auto read =
            std::from_chars(word.data() + colon + 1, word.data() + word.size(), piece.size);
        if (read.ec != std::errc() || read.ptr != word.data() + word.size()) {
            return {};
        }
        pieces.push_back(std::move(piece));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return pieces;
}

}  // namespace origin::deploy
