"""python -m gridproof"""

from gridproof.sweeps.command import main

if __name__ == "__main__":
    main()
