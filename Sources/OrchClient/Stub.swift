enum StubOrchClient {}
