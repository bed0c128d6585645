import OrchProtocol
import Storage

extension WireError {
    /// What a client is told when the store fails.
    init(storage error: any Error) {
        switch error {
        case let error as StorageError where error.code == .full:
            self.init(.storageFull, "\(error.description); free some space and try again")
        case let error as StorageError: self.init(.storageFailed, error.description)
        case let error as SystemError: self.init(.storageFailed, error.description)
        case let error as WireError: self = error
        default: self.init(.internalError, "something went wrong that should not have: \(error)")
        }
    }
}
