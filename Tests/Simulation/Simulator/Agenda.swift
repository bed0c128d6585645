/// What will happen, by time; of two things at the same time, first what was entered first.
struct Agenda<Entry> {
    private struct Item {
        var time: Int64
        var number: UInt64
        var entry: Entry
    }

    /// A binary heap, the next one first.
    private var items: [Item] = []
    private var count: UInt64 = 0

    mutating func enter(_ entry: Entry, at time: Int64) {
        count += 1
        items.append(Item(time: time, number: count, entry: entry))
        var child = items.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time: Int64, entry: Entry)? {
        guard let first = items.first else { return nil }
        let last = items.removeLast()
        if !items.isEmpty {
            items[0] = last
            sink()
        }
        return (first.time, first.entry)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && isBefore(child, least) { least = child }
            guard least != parent else { return }
            items.swapAt(parent, least)
            parent = least
        }
    }

    private func isBefore(_ a: Int, _ b: Int) -> Bool { (items[a].time, items[a].number) < (items[b].time, items[b].number) }
}
