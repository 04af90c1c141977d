// SPDX-License-Identifier: Apache-2.0
#include "sandbox/bubblewrap.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/child.h"
#include "sandbox/syscall_filter.h"
#include "sandbox/warden.h"

namespace origin::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr int kFirstFile = 3;  // Of ChildProgram::files, in the child.
constexpr const char* kOwner = "ORIGIND_BOX_OF";

std::unexpected<Error> no_sandbox(const std::string& why) {
    return std::unexpected(
        Error(Code::Unavailable, "this machine cannot run programs in a sandbox: " + why)
            .because("no_sandbox"));
}

// What is done in the box around the command. Its words in the report file tell its own failures
// from the command's; the command can forge them, and gains a wrong message.
constexpr const char* kLauncher = R"sh(
report=$1 in=$2 out=$3 folder=$4
shift 4
if [ "$in" != - ]; then
    eval "tar -x -f - -C /box --no-same-owner --no-same-permissions <&$in" ||
        { eval "echo bad-archive >&$report"; exit 1; }
    eval "exec $in<&-"
fi
eval "echo begun >&$report"
closed="$report>&-"
[ "$out" = - ] || closed="$closed $out>&-"
( eval "exec $closed"; exec "$@" )
code=$?
[ "$code" = 0 ] || exit "$code"
[ "$out" = - ] && exit 0
there=$(realpath -e -- "/box/$folder" 2>/dev/null)/
case $there in /box/*) [ -d "$there" ] && cd "$there" ;; *) false ;; esac ||
    { eval "echo no-folder >&$report"; exit 1; }
eval "echo packing >&$report"
eval "exec tar -c --format=pax --hard-dereference --sort=name --numeric-owner -f - . >&$out"
)sh";

// ---- What the program may ask of the kernel.

Result<Fd> filter_file() {
    SyscallFilter filter;
    filter.refuse_kernel_interfaces();
    constexpr std::array<std::uint32_t, 3> kFamilies = {AF_UNIX, AF_INET, AF_INET6};
    filter.need_value(__NR_socket, kFamilies, EAFNOSUPPORT);
    const std::vector<sock_filter> steps = std::move(filter).finish();
    return file_of({reinterpret_cast<const char*>(steps.data()), steps.size() * sizeof steps[0]});
}

// ---- bwrap's words.

class Words {
public:
    void add(std::initializer_list<std::string> words) { all_.insert(all_.end(), words); }
    /// A file that the child has; its number there is the next word.
    void add_file(Fd file) {
        all_.push_back(number_of(file.get()));
        owned_.push_back(std::move(file));
    }
    /// Lends a file that somebody else owns. Returns: its number in the child.
    std::string number_of(int file) {
        files_.push_back(file);
        return std::to_string(kFirstFile + static_cast<int>(files_.size()) - 1);
    }

    std::vector<std::string> all() const { return all_; }
    std::vector<int> files() const { return files_; }

private:
    std::vector<std::string> all_;
    std::vector<Fd> owned_;
    std::vector<int> files_;
};

Status add_etc(Words& words, BoxNetwork network) {
    words.add({"--dir", "/etc"});
    for (const char* path : {"/etc/alternatives",
                             "/etc/ssl",
                             "/etc/ca-certificates",
                             "/etc/ld.so.cache",
                             "/etc/localtime",
                             "/etc/mime.types"}) {
        words.add({"--ro-bind-try", path, path});
    }
    constexpr std::array<std::pair<const char*, const char*>, 4> kFiles = {
        {{"/etc/passwd", "sandbox:x:1000:1000::/home:/bin/sh\n"},
         {"/etc/group", "sandbox:x:1000:\n"},
         {"/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"},
         {"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"}}};
    for (const auto& [path, text] : kFiles) {
        ORIGIN_TRY(file, file_of(text));
        words.add({"--ro-bind-data"});
        words.add_file(std::move(file));
        words.add({path});
    }
    if (network == BoxNetwork::Machine) {
        words.add({"--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"});
    }
    return {};
}

void add_folders(Words& words, const BoxedProgram& boxed) {
    words.add({"--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin"});
    words.add({"--symlink", "usr/sbin", "/sbin", "--symlink", "usr/lib", "/lib"});
    words.add({"--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"});
    const std::string small = std::to_string(boxed.limits.tmp_bytes_max);
    words.add({"--size", small, "--tmpfs", "/tmp", "--size", small, "--tmpfs", "/home"});
    words.add({"--size", std::to_string(boxed.limits.work_bytes_max), "--tmpfs", "/box"});
    for (const Lent& lent : boxed.lent) {
        words.add({"--ro-bind", lent.from.string(), lent.to});
    }
    words.add({"--chdir", "/box"});
}

void add_environment(Words& words, const std::string& owner, const BoxedProgram& boxed) {
    // For end_leftovers(), which reads command lines; the program does not get it.
    words.add({"--setenv", kOwner, owner, "--clearenv"});
    std::vector<std::string> all = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                    "HOME=/home",
                                    "TERM=dumb",
                                    "CI=1",
                                    "NO_COLOR=1",
                                    "LANG=C.UTF-8"};
    all.insert(all.end(), boxed.environment.begin(), boxed.environment.end());
    for (const std::string& each : all) {
        const std::size_t equals = each.find('=');
        if (equals != std::string::npos) {
            words.add({"--setenv", each.substr(0, equals), each.substr(equals + 1)});
        }
    }
}

/// The limits that hold for each process, set in the box: there processes are counted anew.
void add_limits(Words& words, const BoxLimits& limits) {
    words.add({"--", "/usr/bin/prlimit"});
    // Not the address space: V8 and Go reserve much of it and use none.
    words.add({"--data=" + std::to_string(limits.memory_bytes_max)});
    words.add({"--nproc=" + std::to_string(limits.processes_max)});
    words.add({"--fsize=" + std::to_string(limits.file_bytes_max)});
    words.add({"--nofile=4096", "--core=0", "--"});
}

/// The words before bwrap's own: who it is, and that others go first.
std::vector<std::string> prelude(BoxUser user) {
    std::vector<std::string> words;
    if (user == BoxUser::Nobody && ::geteuid() == 0) {
        words = {"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"};
    }
    for (const char* word : {"/usr/bin/nice", "-n", "10", "/usr/bin/choom", "-n", "1000", "--"}) {
        words.emplace_back(word);
    }
    return words;
}

BoxEnd verdict(const BoxedProgram& boxed, const ChildEnd& end, const std::string& report) {
    using Why = BoxEnd::Why;
    if (end.timed_out) {
        return {
            Why::Killed,
            0,
            "it took longer than " + std::to_string(boxed.limits.time_max.count()) + " seconds"};
    }
    if (!end.killed_for.empty()) {
        return {Why::Killed, 0, end.killed_for};
    }
    if (report.contains("bad-archive")) {
        return {
            Why::BadArchive,
            0,
            "the files do not fit: there is room for " + megabytes(boxed.limits.work_bytes_max)};
    }
    if (report.contains("no-folder")) {
        return {Why::NoFolder, 0, "there is no folder '" + boxed.out_folder + "'"};
    }
    constexpr int kSignalled = 128;
    if (report.contains("packing") && !end.ok()) {
        const bool large = end.status == kSignalled + SIGXFSZ || end.signal == SIGXFSZ;
        return {large ? Why::TooLarge : Why::NoFolder,
                0,
                large ? "the files of '" + boxed.out_folder + "' are more than " +
                            megabytes(boxed.limits.file_bytes_max)
                      : "the files of '" + boxed.out_folder + "' cannot be read"};
    }
    return {Why::Exited, end.signal != 0 ? kSignalled + end.signal : end.status, {}};
}

}  // namespace

Result<Fd> file_of(std::string_view bytes) {
    Fd file(::memfd_create("origind", MFD_CLOEXEC));
    if (file.get() < 0 ||
        ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        ::lseek(file.get(), 0, SEEK_SET) != 0) {
        return std::unexpected(
            Error(Code::Internal, "a file in memory cannot be made", std::strerror(errno)));
    }
    return file;
}

Result<Fd> nameless_file(const fs::path& folder) {
    Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file.get() < 0) {
        const int error_number = errno;
        const bool full = error_number == ENOSPC || error_number == EDQUOT;
        return std::unexpected(Error(full ? Code::StorageFull : Code::Internal,
                                     "a temporary file cannot be made",
                                     std::strerror(error_number)));
    }
    return file;
}

Result<BoxEnd> Bubblewrap::run(const BoxedProgram& boxed) const {
    Words words;
    ORIGIN_TRY(report, file_of({}));
    // First, so that they have one digit each: sh(1) knows no other.
    const std::string report_number = words.number_of(report.get());
    const std::string in = boxed.archive_in < 0 ? "-" : words.number_of(boxed.archive_in);
    const std::string out = boxed.archive_out < 0 ? "-" : words.number_of(boxed.archive_out);
    words.add({"--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"});
    words.add({"--new-session", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"});
    words.add({"--cap-drop", "ALL"});
    if (boxed.network == BoxNetwork::Machine) {
        words.add({"--share-net"});
    }
    add_folders(words, boxed);
    ORIGIN_CHECK(add_etc(words, boxed.network));
    add_environment(words, owner_, boxed);
    ORIGIN_TRY(filter, filter_file());
    words.add({"--seccomp"});
    words.add_file(std::move(filter));
    ORIGIN_TRY(born, Ends::make());
    ORIGIN_TRY(go, Ends::make());
    words.add({"--info-fd", words.number_of(born.writing.get())});
    words.add({"--block-fd", words.number_of(go.reading.get())});
    add_limits(words, boxed.limits);
    words.add({"/bin/sh", "-c", kLauncher, "sh", report_number, in, out, boxed.out_folder});

    std::vector<std::string> arguments = prelude(boxed.user);
    const fs::path first = arguments.front();
    arguments.erase(arguments.begin());
    arguments.push_back(program_.string());
    const std::vector<std::string> rest = words.all();
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    arguments.insert(arguments.end(), boxed.command.begin(), boxed.command.end());

    Warden warden(boxed, born, go, report);
    std::string last_line;
    ORIGIN_TRY(nothing, file_of({}));
    ORIGIN_TRY(end,
               run_child({.program = first,
                          .arguments = std::move(arguments),
                          .environment = {},
                          .folder = "/",
                          .input = {},
                          .time_max = boxed.limits.time_max,
                          .line =
                              [&](std::string_view line) {
                                  last_line = line;
                                  if (boxed.line) {
                                      boxed.line(line);
                                  }
                              },
                          .files = words.files(),
                          .input_file = boxed.input_file >= 0 ? boxed.input_file : nothing.get(),
                          .output_bytes_max = boxed.limits.output_bytes_max,
                          .watch =
                              [&](pid_t pid) {
                                  return warden.look(pid);
                              }},
                         clock_));
    warden.empty();
    const std::string said = read_back(report);
    BoxEnd ended = verdict(boxed, end, said);
    if (said.empty() && ended.why == BoxEnd::Why::Exited) {
        return no_sandbox(last_line.empty()
                              ? "bwrap ended with status " + std::to_string(ended.status)
                              : last_line);
    }
    return ended;
}

int Bubblewrap::end_leftovers() const {
    // As run() writes them; arguments end with a NUL.
    std::string mark = "--setenv";
    mark.append(1, '\0').append(kOwner).append(1, '\0').append(owner_).append(1, '\0');
    int ended = 0;
    std::error_code gone;
    for (fs::directory_iterator each("/proc", gone), end; !gone && each != end;
         each.increment(gone)) {
        const std::string name = each->path().filename();
        pid_t pid = 0;
        if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr !=
            name.data() + name.size()) {
            continue;
        }
        // First, so that it is the same process that is read and killed.
        const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        std::ostringstream line;  // Its << does not throw if the process ends between two calls.
        line << std::ifstream(each->path() / "cmdline").rdbuf();
        if (process.get() >= 0 && line.view().contains(mark)) {
            ended +=
                ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0 ? 1 : 0;
        }
    }
    return ended;
}

Status Bubblewrap::self_test() const {
    if (::access(program_.c_str(), X_OK) != 0) {
        return no_sandbox("there is no " + program_.string() + " (package bubblewrap)");
    }
    // Each line says what is wrong; none: a box is a box.
    constexpr const char* kLook = R"sh(
[ "$(id -u)" = 1000 ] || echo "it is not a user of its own"
for each in /*; do case $each in /bin|/dev|/etc|/home|/lib|/lib64|/proc|/sbin|/tmp|/usr|/box) ;;
    *) echo "it sees $each" ;; esac; done
[ ! -e /etc/shadow ] || echo "it sees /etc/shadow"
[ "$(grep -c : /proc/net/dev)" = 1 ] || echo "it has a network"
[ "$(ls -d /proc/[0-9]* | wc -l)" -lt 20 ] || echo "it sees other processes"
( : >/usr/origind-was-here ) 2>/dev/null && echo "it can write to /usr"
( : >/box/a ) 2>/dev/null || echo "it cannot write to its own folder"
grep -q '^CapEff:.0*$' /proc/self/status || echo "it has capabilities"
grep -q '^NoNewPrivs:.1$' /proc/self/status || echo "it can gain rights"
grep -q '^Seccomp:.2$' /proc/self/status || echo "it has no system call filter"
unshare -U true 2>/dev/null && echo "it can make user namespaces"
tar --version >/dev/null 2>&1 || echo "there is no tar"
exit 0
)sh";
    std::string wrong;
    const auto end = run({.command = {"/bin/sh", "-c", kLook},
                          .limits = {.time_max = std::chrono::seconds(20)},
                          .line = [&](std::string_view line) {
                              wrong += (wrong.empty() ? "" : "; ") + std::string(line);
                          }});
    if (!end) {
        return std::unexpected(end.error());
    }
    if (!end->ok() && wrong.empty()) {
        wrong = end->text.empty()
                    ? "the test in it ended with status " + std::to_string(end->status)
                    : end->text;
    }
    return wrong.empty() ? Status() : no_sandbox(wrong);
}

}  // namespace origin::sandbox
