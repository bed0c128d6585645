enum StubScheduling {}
