import OrchProtocol
import SupervisorLink

/// An order that no process can be made of, or that the supervisor would not take, ends its own attempt here: sent, it would end the
/// connection, and the next one, and so keep everything else from starting.
///
/// What is submitted is held against the same limits (`TaskRouter.checkSize`), but pools and agents may have changed since, and rows may
/// be older than a limit.
extension LaunchPlanner {
    func check(_ order: LaunchOrder) throws(Failure) {
        if let fault = Self.fault(order) { throw Failure(reason: "cannot start it: \(fault)", isShortage: false) }
    }

    private static func fault(_ order: LaunchOrder) -> String? {
        var size = ArgumentSize()
        size.add(arguments: order.arguments)
        for variable in order.environment { size.add(stringOf: variable.count) }
        if let index = order.arguments.firstIndex(where: { $0.count > ArgumentSize.longest }) {
            let count = order.arguments[index].count
            return "argument \(index) has \(count) bytes, and Linux takes \(ArgumentSize.longest) for one"
        }
        if let variable = order.environment.first(where: { $0.count > ArgumentSize.longest }) {
            let name = (variable.cut(at: "=")?.before ?? variable).lossy.shortened(to: 64)
            return "the variable \(name) has \(variable.count) bytes, and Linux takes \(ArgumentSize.longest) for one"
        }
        if size.isTooMuch { return ArgumentSize.complaint("its arguments and variables take", size) }
        do throws(LinkError) {
            try order.check()
            return nil
        } catch {
            return error == .tooLong
                ? "its order is longer than the \(LinkProtocol.maximumMessage >> 20) MiB that the supervisor takes"
                : "the supervisor would not take its order (\(error))"
        }
    }
}
