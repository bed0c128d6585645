import CLinux
import Glibc
import SupervisorLink
import Text

/// A process to start, all decisions taken.
struct SpawnPlan {
    var candidates: [ByteString]
    var arguments: [ByteString]
    var environment: [ByteString]
    /// Directories to be made for it.
    var workspace: [String] = []
    var directory: ByteString?
    /// Descriptors of the supervisor and their numbers in the child.
    var descriptors: [spawn_descriptor] = []
    var limits: [spawn_limit] = []
    /// Nil for the supervisor's own.
    var identity: Policy.Identity?
    var umask: UInt32 = 0o077
    var nice: Int32?
    var oomScore: Int32?
    var noNewPrivileges = true
    /// Where alone it may write; nil for wherever its user may.
    var writable: [String]?
    var hasNetwork = true
    var diesWithSupervisor = true
    var cgroup: OwnedDescriptor?
    var avoidsClone3 = false
}

/// Why a process was not started.
struct SpawnFailure: Error, Equatable {
    let step: EndReport.Step
    let code: Int32
}

struct SpawnedProcess {
    let pid: pid_t
    let pidfd: OwnedDescriptor
}

/// Starts it, and returns when its program has been executed.
func spawn(_ plan: SpawnPlan) throws(SpawnFailure) -> SpawnedProcess {
    var strings = CStrings()
    let candidates = strings.add(plan.candidates)
    let arguments = strings.add(plan.arguments)
    let environment = strings.add(plan.environment)
    let workspace = strings.add(plan.workspace.map { ByteString($0) })
    let directory = plan.directory.map { strings.add([$0]) }
    let writable = plan.writable.map { strings.add($0.map { ByteString($0) }) }

    var result = spawn_result()
    let succeeded = strings.withPointers { pointers in
        plan.descriptors.withUnsafeBufferPointer { descriptors in
            plan.limits.withUnsafeBufferPointer { limits in
                (plan.identity?.supplementary ?? []).withUnsafeBufferPointer { groups in
                    var request = spawn_request()
                    request.candidates = UnsafeRawPointer(pointers + candidates)
                        .assumingMemoryBound(to: UnsafePointer<CChar>?.self)
                    request.arguments = UnsafePointer(pointers + arguments)
                    request.environment = UnsafePointer(pointers + environment)
                    request.workspace = UnsafeRawPointer(pointers + workspace)
                        .assumingMemoryBound(to: UnsafePointer<CChar>?.self)
                    request.directory = directory.flatMap { UnsafePointer(pointers[$0]) }
                    request.descriptors = descriptors.baseAddress
                    request.descriptor_count = descriptors.count
                    request.limits = limits.baseAddress
                    request.limit_count = limits.count
                    if let identity = plan.identity {
                        request.switch_user = true
                        request.user = identity.user
                        request.group = identity.group
                        request.groups = groups.baseAddress
                        request.group_count = groups.count
                    }
                    request.umask = plan.umask
                    request.set_nice = plan.nice != nil
                    request.nice = plan.nice ?? 0
                    request.set_oom_score = plan.oomScore != nil
                    request.oom_score = plan.oomScore ?? 0
                    request.no_new_privileges = plan.noNewPrivileges
                    request.writable = writable.map {
                        UnsafeRawPointer(pointers + $0).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
                    }
                    request.no_network = !plan.hasNetwork
                    request.die_with_parent = plan.diesWithSupervisor
                    request.cgroup = plan.cgroup?.number ?? -1
                    request.avoid_clone3 = plan.avoidsClone3
                    return spawn_process(&request, &result)
                }
            }
        }
    }
    guard succeeded else {
        throw SpawnFailure(step: EndReport.Step(rawValue: UInt8(result.step.rawValue)) ?? .clone, code: result.error)
    }
    return SpawnedProcess(pid: result.pid, pidfd: OwnedDescriptor(result.pidfd))
}

/// Strings as the kernel wants them: one block of bytes, and lists of pointers into it that each end with a null pointer.
private struct CStrings {
    private var bytes: [CChar] = []
    /// Where each string starts; nil ends a list.
    private var offsets: [Int?] = []

    /// Adds a list; returns the index of its first pointer.
    mutating func add(_ list: [ByteString]) -> Int {
        let start = offsets.count
        for string in list {
            offsets.append(bytes.count)
            bytes.append(contentsOf: string.bytes.lazy.map { CChar(bitPattern: $0) })
            bytes.append(0)
        }
        offsets.append(nil)
        return start
    }

    mutating func withPointers<R>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
        bytes.withUnsafeMutableBufferPointer { bytes in
            let base = bytes.baseAddress
            var pointers = offsets.map { offset in offset.flatMap { base?.advanced(by: $0) } }
            return pointers.withUnsafeMutableBufferPointer { buffer in
                // There is always at least the end of one list.
                withUnsafeMutablePointer(to: &buffer[0]) { body($0) }
            }
        }
    }
}

extension SpawnPlan {
    /// Sets variables, of the form `NAME=value`, in place of those of the same names.
    mutating func setVariables(_ variables: [ByteString]) {
        guard !variables.isEmpty else { return }
        let names = variables.compactMap { variable in variable.cut(at: "=").map { $0.before + "=" } }
        environment.removeAll { given in names.contains { given.hasPrefix($0) } }
        environment += variables
    }
}
