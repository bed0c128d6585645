/// One of something, in JSON an object, or many, an array: the tasks of `task.submit`, and what became of each.
public enum OneOrMany<Element: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
    case one(Element)
    case many([Element])

    public var all: [Element] {
        switch self {
        case .one(let element): [element]
        case .many(let elements): elements
        }
    }

    public init(from decoder: any Decoder) throws {
        guard var list = try? decoder.unkeyedContainer() else {
            self = .one(try Element(from: decoder))
            return
        }
        var elements: [Element] = []
        elements.reserveCapacity(list.count ?? 0)
        while !list.isAtEnd { elements.append(try list.decode(Element.self)) }
        self = .many(elements)
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .one(let element): try element.encode(to: encoder)
        case .many(let elements): try elements.encode(to: encoder)
        }
    }
}
