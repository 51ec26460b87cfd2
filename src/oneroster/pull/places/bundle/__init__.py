class Bundle:
    name = "csv"

    def __init__(self, zipped=False):
        pass
