import OrchProtocol
import Settings
import TOMLKit

extension ConfigurationFile.Section {
    /// What the keys that are named as resources are limit them to.
    func resources() -> ResourceLimits {
        var limits = ResourceLimits()
        for resource in ResourceLimits.Resource.allCases {
            limits[resource] = value(resource.rawValue, resource.form) { value in
                if let text = value.string { return resource.isBytes ? resource.amount(text) : nil }
                return (value.int.map { Double($0) } ?? value.double).flatMap { resource.isAllowed($0) ? $0 : nil }
            }
        }
        return limits
    }
}
