/// What was promised and is not so. The first is what matters: the rest may follow from it.
final class Violations {
    private(set) var all: [String] = []
    var isEmpty: Bool { all.isEmpty }

    func add(_ text: String) {
        guard all.count < 20 else { return }
        all.append(text)
    }

    func require(_ condition: Bool, _ text: @autoclosure () -> String) {
        if !condition { add(text()) }
    }
}
