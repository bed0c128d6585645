import OrchProtocol
import SupervisorLink

extension ResourceLimits {
    /// As the supervisor is told of them.
    var controls: [CgroupControl: UInt64] {
        var controls: [CgroupControl: UInt64] = [:]
        for (resource, amount) in all {
            guard let control = CgroupControl(name: resource.rawValue) else { continue }
            controls[control] = UInt64(exactly: (resource == .cpu ? amount * 1000 : amount).rounded())
        }
        return controls
    }
}
