enum StubSupervision {}
