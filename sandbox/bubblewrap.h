// SPDX-License-Identifier: Apache-2.0
// sandbox/bubblewrap: runs a program that nobody vouches for, in a room of its own made by
// bwrap(1).
//
// It sees /usr, a few files of /etc, what it is lent, and four folders of its own in memory: /box
// (where it runs), /tmp, /home and /etc. It has its own processes, users and, unless it gets the
// machine's, an empty network; no capability, no variable but those named, a seccomp filter. At the
// end, whatever it was, every process in there is dead and the folders are gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sandbox/fd.h"

namespace origin::sandbox {

struct BoxLimits {
    std::chrono::seconds time_max{60};
    std::uint64_t memory_bytes_max = std::uint64_t{2} << 30;  // Of all processes; of each as well.
    std::uint64_t work_bytes_max = std::uint64_t{1} << 30;    // Of /box. It is memory too.
    std::uint64_t tmp_bytes_max = std::uint64_t{256} << 20;   // Of /tmp and of /home, each.
    std::uint64_t file_bytes_max = std::uint64_t{256} << 20;  // Of one file.
    std::uint64_t files_max = 200'000;                        // In /box.
    std::uint64_t output_bytes_max = std::uint64_t{64} << 20;
    std::uint32_t processes_max = 256;  // And threads.
};

enum class BoxNetwork : std::uint8_t { None, Machine };

/// Whose rights the files that it is lent are opened with.
enum class BoxUser : std::uint8_t {
    Nobody,  // If the server is root: another user's, so that its processes can be counted.
    Server,  // For an operator's own program.
};

struct Lent {
    std::filesystem::path from;  // On this machine: a file, or a folder with what is below it.
    std::string to;              // In the box. Read-only.
};

/// A port of 127.0.0.1 in the box that is answered from outside: the one thing it can speak to if
/// it has no network.
struct BoxPort {
    std::uint16_t number = 0;
    /// Gets the listening socket before the program begins; none: no port.
    std::function<void(Fd listening)> serve = {};
};

struct BoxedProgram {
    std::vector<std::string> command;           // A program's path in the box, and its arguments.
    std::vector<std::string> environment = {};  // "NAME=value"; besides PATH, HOME, TERM, CI, LANG.
    std::vector<Lent> lent = {};
    int input_file = -1;       // Its stdin; none: it is empty.
    int archive_in = -1;       // A tar file that is unpacked to /box first.
    int archive_out = -1;      // If the command succeeds: a tar file of...
    std::string out_folder{};  // ... this folder below /box.
    BoxNetwork network = BoxNetwork::None;
    BoxPort port = {};
    BoxUser user = BoxUser::Nobody;
    BoxLimits limits = {};
    /// Each line that it prints, cut at kChildLineBytesMax: any bytes.
    std::function<void(std::string_view line)> line = {};
    /// Asked ten times a second. Returns: true if it is to be ended now.
    std::function<bool()> give_up = {};
};

struct BoxEnd {
    enum class Why : std::uint8_t {
        Exited,      // `status` says how: 128 + n if signal n ended it.
        Killed,      // `text` says for what: a limit, or give_up.
        BadArchive,  // archive_in did not fit.
        NoFolder,    // out_folder is not a folder below /box, or has what cannot be read.
        TooLarge,    // The folder's files are more than limits.file_bytes_max.
    };
    Why why = Why::Exited;
    int status = 0;
    std::string text{};

    bool ok() const { return why == Why::Exited && status == 0; }
};

/// Thread-safe.
class Bubblewrap {
public:
    /// `owner`: whose boxes they are; any word that says nothing, since a box can read it.
    explicit Bubblewrap(const Clock& clock,
                        std::string owner = {},
                        std::filesystem::path program = "/usr/bin/bwrap")
        : clock_(clock), owner_(std::move(owner)), program_(std::move(program)) {}

    /// Ends the boxes of this owner that run: those of a server that was killed, which bwrap's
    /// --die-with-parent leaves behind at times. To be called before the first run(), with an
    /// owner. Returns: how many processes were killed; what was in their boxes dies with them.
    int end_leftovers() const;

    /// Looks, from inside, whether a box is one here: nothing of the machine can be seen or
    /// written, no network, no rights. run() asks nobody: whoever offers it looks first.
    /// Errors: Unavailable `no_sandbox`: which part is missing. Blocks: about a tenth of a second.
    Status self_test() const;

    /// Errors: Unavailable `no_sandbox`: it could not be begun. Blocks: until all is over.
    Result<BoxEnd> run(const BoxedProgram& boxed) const;

private:
    const Clock& clock_;
    const std::string owner_;
    const std::filesystem::path program_;
};

/// A file without a name, for archive_in, archive_out and input_file. `folder`: on whose disk.
/// Errors: StorageFull; Internal.
Result<Fd> nameless_file(const std::filesystem::path& folder);
/// The same in memory, with these bytes, to be read from the beginning.
Result<Fd> file_of(std::string_view bytes);

}  // namespace origin::sandbox
