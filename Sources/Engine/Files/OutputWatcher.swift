import Agents
import CLinux
import Foundation
import Glibc
import Logging
import Platform
import Scheduling
import Synchronization

/// Watches the output files of running attempts: wakes those who follow one, and notices when one grows too large.
///
/// It is the kernel that tells (inotify), so silent tasks cost nothing. Nor do those that write much: a watch goes off once, and is
/// set again after a while, when all the files are looked at that it was for. Until then a write costs its task nothing.
final class OutputWatcher: Sendable {
    /// Microseconds until a watch that went off is set again.
    private static let pause: UInt32 = 100_000

    private struct Live {
        var id: Int64
        var entry: LiveAttempts.Entry
        /// What is known of the growth of each file.
        var growth: [OutputFiles.Kind: OutputIndex.Growth] = [:]
    }

    /// The directory of some attempts, and how many of them are live.
    private struct Shard {
        var watch: Int32
        var count = 0
    }

    private struct State {
        /// By the name of the attempt, `task.number`.
        var live: [String: Live] = [:]
        /// By the path of the directory.
        var shards: [String: Shard] = [:]
        var followers: [String: [Int: @Sendable () -> Void]] = [:]
        var nextFollower = 0
        var results = ResultWatch()
        var isStopped = false
    }

    private let files: OutputFiles
    private let inbox: Inbox
    private let relay: JournalRelay
    private let log: Logger
    private let descriptor: Descriptor
    private let wakeup: Wakeup
    private let state = Mutex(State())

    init(files: OutputFiles, inbox: Inbox, relay: JournalRelay, log: Logger) throws(SystemError) {
        self.files = files
        self.relay = relay
        self.inbox = inbox
        self.log = log
        let flags = Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)
        descriptor = try Descriptor(inotify_init1(flags), "watch files (inotify)")
        wakeup = try Wakeup()
    }

    func start() throws(SystemError) {
        try startThread("output") { self.run() }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    func begin(_ id: Int64, _ entry: LiveAttempts.Entry) {
        let name = OutputFiles.name(task: entry.task, attempt: entry.number)
        let path = files.shard(of: entry.task)
        relay.begin(name, entry)
        state.withLock { state in
            guard state.live.updateValue(Live(id: id, entry: entry), forKey: name) == nil else { return }
            var shard = state.shards[path] ?? Shard(watch: watch(path))
            shard.count += 1
            state.shards[path] = shard
            // It may have written, and gone quiet, before this engine came.
            state.results.note(name, entry, now: Clock.monotonic)
        }
        if entry.agent?.output.grace != nil { wakeup.signal() }
    }

    private func watch(_ path: String) -> Int32 {
        let watch = inotify_add_watch(descriptor.number, path, UInt32(IN_MODIFY) | UInt32(IN_ONESHOT))
        if watch < 0 { log.warning("cannot watch the output of tasks: \(SystemError.text(errno)); see `orchctl doctor`") }
        return watch
    }

    func end(_ id: Int64, _ entry: LiveAttempts.Entry) {
        let name = OutputFiles.name(task: entry.task, attempt: entry.number)
        let path = files.shard(of: entry.task)
        let followers = state.withLock { state -> [@Sendable () -> Void] in
            guard state.live.removeValue(forKey: name) != nil else { return [] }
            state.results.forget(name)
            state.shards[path]?.count -= 1
            assert(state.shards[path].map { $0.count >= 0 } ?? true, "a shard has no fewer attempts than none")
            if let shard = state.shards[path], shard.count == 0 {
                inotify_rm_watch(descriptor.number, shard.watch)
                state.shards[path] = nil
            }
            return state.followers[name].map { Array($0.values) } ?? []
        }
        relay.end(name)
        for wake in followers { wake() }
    }

    /// Calls `wake` whenever an attempt has written, and when it has ended. Always from another thread.
    func follow(task: Int64, attempt: Int, _ wake: @escaping @Sendable () -> Void) -> Int {
        let name = OutputFiles.name(task: task, attempt: attempt)
        return state.withLock { state in
            state.nextFollower += 1
            state.followers[name, default: [:]][state.nextFollower] = wake
            return state.nextFollower
        }
    }

    func unfollow(task: Int64, attempt: Int, _ number: Int) {
        let name = OutputFiles.name(task: task, attempt: attempt)
        state.withLock { state in
            state.followers[name]?[number] = nil
            if state.followers[name]?.isEmpty ?? false { state.followers[name] = nil }
        }
    }

    private func run() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !state.withLock({ $0.isStopped }) {
            let wait = state.withLock { $0.results.wait(now: Clock.monotonic) }
            let ready = waitFor(
                [(descriptor.number, POLLIN), (wakeup.descriptor.number, POLLIN)], milliseconds: wait.map { Int($0) } ?? -1)
            if ready[1] != 0 { wakeup.clear() }
            lookForResults()
            guard ready[0] != 0 else { continue }
            var events = WatchEvents()
            while true {
                let count = read(descriptor.number, &buffer, buffer.count)
                guard count > 0 else { break }
                events.add(buffer[..<count])
            }
            inspect(events.names)
            usleep(Self.pause)
            watchAgain(events)
        }
    }

    /// Reports the programs that have printed their whole result and nothing since.
    private func lookForResults() {
        let quiet = state.withLock { state in
            state.results.take(now: Clock.monotonic).compactMap { state.live[$0] }
        }
        for live in quiet {
            guard let agent = live.entry.agent, let printed = try? files.printed(by: live.entry, for: agent),
                agent.isWhole(printed)
            else { continue }
            inbox.push([.resultSeen(attempt: live.id)])
        }
    }

    /// Sets the watches again that went off, and looks at what they were for, since nothing reports the time between.
    private func watchAgain(_ events: WatchEvents) {
        let names = state.withLock { state -> [String] in
            var again: Set<String> = []
            for (path, shard) in state.shards where events.isOverflown || events.watches.contains(shard.watch) {
                state.shards[path]?.watch = watch(path)
                again.insert(path)
            }
            return again.isEmpty
                ? [] : state.live.compactMap { again.contains(files.shard(of: $0.value.entry.task)) ? $0.key : nil }
        }
        inspect(names)
    }

    /// Looks at the files of attempts, by their names, and reports what has been written.
    func inspect(_ names: some Collection<String>) {
        for name in names {
            guard let entry = state.withLock({ $0.live[name]?.entry }) else { continue }
            let sizes = [OutputFiles.Kind.out, .err].map {
                ($0, files.size(task: entry.task, attempt: entry.number, $0))
            }
            note(sizes, of: name, entry)
        }
    }

    private func note(_ sizes: [(kind: OutputFiles.Kind, size: Int64)], of name: String, _ entry: LiveAttempts.Entry) {
        let now = Clock.realTime
        let (id, followers) = state.withLock { state -> (Int64?, [@Sendable () -> Void]) in
            guard let live = state.live[name] else { return (nil, []) }
            var hasChanged = false
            for (kind, size) in sizes where size != live.growth[kind]?.size ?? 0 {
                hasChanged = true
                var growth = live.growth[kind] ?? OutputIndex.Growth(since: now, size: size)
                growth.note(size: size, at: now, path: files.path(task: entry.task, attempt: entry.number, kind))
                state.live[name]?.growth[kind] = growth
            }
            if hasChanged { state.results.note(name, entry, now: Clock.monotonic) }
            return hasChanged ? (live.id, state.followers[name].map { Array($0.values) } ?? []) : (nil, [])
        }
        guard let id else { return }
        relay.grown(name)
        if sizes.reduce(0, { $0 + $1.size }) > entry.outputLimit { inbox.push([.outputLimitReached(attempt: id)]) }
        for wake in followers { wake() }
    }
}

/// When to look whether a program that has gone quiet has printed its whole result: agents that do so, and then do not exit.
struct ResultWatch {
    /// By the name of the attempt, on the monotonic clock, in milliseconds.
    private var due: [String: Int64] = [:]

    /// It has begun, or has written something.
    mutating func note(_ name: String, _ entry: LiveAttempts.Entry, now: Int64) {
        guard let grace = entry.agent?.output.grace else { return }
        due[name] = now + grace
    }

    mutating func forget(_ name: String) { due[name] = nil }

    /// Milliseconds until the first is due; nil where none is.
    func wait(now: Int64) -> Int64? { due.values.min().map { max(0, $0 - now) } }

    /// The attempts to be looked at. They are looked at again only when they have written more.
    mutating func take(now: Int64) -> [String] {
        let names = due.filter { $0.value <= now }.keys.sorted()
        for name in names { due[name] = nil }
        return names
    }
}

/// What inotify has told of files and their directories, in the form that inotify(7) gives: watch, mask, cookie, length, name.
struct WatchEvents {
    /// The attempts whose files have changed: `42.1.out` is of `42.1`.
    private(set) var names: Set<String> = []
    private(set) var watches: Set<Int32> = []
    /// There was more than the kernel keeps.
    private(set) var isOverflown = false

    mutating func add(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while rest.count >= 16 {
            func word(_ index: Int) -> UInt32 {
                (0..<4).reduce(0) { $0 | UInt32(rest[rest.startIndex + index * 4 + $1]) << (8 * $1) }
            }
            let length = Int(word(3))
            watches.insert(Int32(bitPattern: word(0)))
            if word(1) & UInt32(IN_Q_OVERFLOW) != 0 { isOverflown = true }
            let name = rest.dropFirst(16).prefix(length).prefix { $0 != 0 }
            if let dot = name.lastIndex(of: UInt8(ascii: ".")) {
                names.insert(String(decoding: name[..<dot], as: UTF8.self))
            }
            rest = rest.dropFirst(16 + length)
        }
    }
}
